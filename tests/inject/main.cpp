// A program whose system calls are made to fail from outside (tests/inject/inject.py).
//
//   injected list
//   injected DRIVER PROGRAM
//
// Writes a line and waits for one, so that a tracer can attach itself meanwhile, and runs the
// program in a child process, whose system calls are counted from its first. Says what came of it
// in one line, "errors: NUMBER..." or "leak: WHAT", and exits with 0 or 1.

#include "inject/program.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace rota::testing_inject {

void Findings::add(const std::error_code& error) {
  if (error.category() == std::system_category() || error.category() == std::generic_category()) {
    numbers_.push_back(error.value());
    return;
  }
  std::fprintf(stderr, "an error that is not the system's: %s\n", error.message().c_str());
  std::_Exit(EXIT_FAILURE);
}

void expect(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "wrong: %.*s\n", static_cast<int>(what.size()), what.data());
  std::_Exit(EXIT_FAILURE);
}

namespace {

Task<void> run_half(Scope& scope, Task<bool> half) {
  const bool went_well = co_await std::move(half);
  if (!went_well) scope.request_stop();
}

constexpr std::size_t kMostFds = 256;

/// Which numbers are open. By a call that no program makes, as the others are made to fail.
std::array<bool, kMostFds> open_fds() noexcept {
  std::array<bool, kMostFds> open{};
  struct statfs ignored{};
  for (std::size_t fd = 0; fd < kMostFds; ++fd) {
    open[fd] = ::fstatfs(static_cast<int>(fd), &ignored) == 0;
  }
  return open;
}

std::optional<DriverKind> driver_named(std::string_view name) noexcept {
  if (name == "epoll") return DriverKind::epoll;
  if (name == "poll") return DriverKind::poll;
  if (name == "select") return DriverKind::select;
  if (name == "linux_aio") return DriverKind::linux_aio;
  if (name == "io_uring") return DriverKind::io_uring;
  return std::nullopt;
}

const Program* program_named(std::string_view name) noexcept {
  for (auto list : {network_programs(), local_programs(), path_programs(), file_programs(),
                    worker_programs()}) {
    for (const Program& program : list) {
      if (program.name == name) return &program;
    }
  }
  return nullptr;
}

void run_program(const Program& program, DriverKind driver, Findings& findings) try {
  Config config;
  config.driver.kind = driver;
  config.scheduler.kind = program.scheduler;
  config.scheduler.workers = program.scheduler == SchedulerKind::single ? 1 : 2;
  auto runtime = Runtime::make(config);
  if (!findings.took(runtime)) return;
  runtime->block_on(program.body(findings));
  const ShutdownReport report = runtime->shutdown();
  expect(report.clean(), "something was left at the shutdown");
} catch (const std::bad_alloc&) {
  findings.add(os_error(ENOMEM));
} catch (const std::system_error& error) {
  findings.add(error.code());
} catch (const std::bad_expected_access<std::error_code>& error) {
  findings.add(error.error());
}

/// Once. Where stderr is a pipe by a call that no program makes, as write may be made to fail; the
/// pipe refers to the memory.
void say(std::string_view line) noexcept {
  static std::array<char, 1024> kept;
  const std::size_t bytes = line.copy(kept.data(), kept.size());
  iovec part{kept.data(), bytes};
  if (::vmsplice(STDERR_FILENO, &part, 1, 0) < 0) std::fwrite(kept.data(), 1, bytes, stderr);
}

int run_child(const Program& program, DriverKind driver) {
  const auto open_before = open_fds();
  Findings findings;
  run_program(program, driver, findings);
  const auto open_after = open_fds();
  std::string line;
  for (std::size_t fd = 0; fd < kMostFds; ++fd) {
    if (open_after[fd] && !open_before[fd]) line += " fd " + std::to_string(fd);
  }
  if (frame_bytes_in_use() != 0) line += " frames";
  const bool clean = line.empty();
  if (clean) {
    for (int number : findings.numbers()) line += ' ' + std::to_string(number);
  }
  say((clean ? "errors:" : "leak:") + line + '\n');
  return clean ? EXIT_SUCCESS : EXIT_FAILURE;
}

int list_programs() {
  for (auto list : {network_programs(), local_programs(), path_programs(), file_programs(),
                    worker_programs()}) {
    for (const Program& program : list) std::printf("%s\n", std::string(program.name).c_str());
  }
  return EXIT_SUCCESS;
}

}  // namespace

Task<void> run_both(Task<bool> first, Task<bool> second) {
  auto body = [&first, &second](Scope& scope) -> Task<void> {
    scope.spawn(run_half(scope, std::move(first)));
    scope.spawn(run_half(scope, std::move(second)));
    co_return;
  };
  co_await with_scope(body);
}

}  // namespace rota::testing_inject

int main(int count, char** words) {
  using namespace rota::testing_inject;
  if (count == 2 && std::string_view(words[1]) == "list") return list_programs();
  const auto driver = count == 3 ? driver_named(words[1]) : std::nullopt;
  const Program* program = count == 3 ? program_named(words[2]) : nullptr;
  if (!driver || program == nullptr) {
    std::fprintf(stderr, "usage: injected list | injected DRIVER PROGRAM\n");
    return 2;
  }
  std::puts("ready");
  std::fflush(stdout);
  char line = 0;
  while (::read(STDIN_FILENO, &line, 1) == 1 && line != '\n') {
  }
  const pid_t child = ::fork();
  if (child == 0) std::_Exit(run_child(*program, *driver));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
