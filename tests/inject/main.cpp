// A program whose system calls are made to fail from outside, or what it asks its rings for from
// inside (tests/inject/inject.py).
//
//   injected list
//   injected can-fail-entries
//   injected DRIVER PROGRAM
//   injected DRIVER PROGRAM entries
//   injected DRIVER PROGRAM OPCODE TAG ERRNO WHICH
//
// Writes a line and waits for one, so that a tracer can attach itself meanwhile, and runs the
// program in a child process, whose system calls are counted from its first. Says what came of it
// in one line, "errors: NUMBER..." or "leak: WHAT", and exits with 0 or 1. The third form writes
// what was asked of rings before that; the fourth has such entries fail (ring_fault.hpp).

#include "inject/program.hpp"
#include "inject/ring_fault.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

/// A driver and what it has for files, by the name that the conformance suite has for it.
struct Cell {
  std::string_view name;
  DriverKind kind;
  FileEngineKind files = FileEngineKind::best;
  RingProfile ring = RingProfile::best;
};

constexpr Cell kCells[] = {
    {"select", DriverKind::select},
    {"poll", DriverKind::poll},
    {"epoll", DriverKind::epoll},
    {"epoll_aio_files", DriverKind::epoll, FileEngineKind::linux_aio},
    {"epoll_posix_aio", DriverKind::epoll, FileEngineKind::posix_aio},
    {"epoll_ring_files", DriverKind::epoll, FileEngineKind::io_uring},
    {"linux_aio", DriverKind::linux_aio},
    {"io_uring", DriverKind::io_uring},
    {"io_uring_movable", DriverKind::io_uring, FileEngineKind::best, RingProfile::movable},
};

const Cell* cell_named(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kCells, name, &Cell::name);
  return found == std::end(kCells) ? nullptr : found;
}

auto all_programs() noexcept {
  return std::array{network_programs(), connection_programs(), local_programs(), path_programs(),
                    file_programs(),    memory_programs(),     worker_programs()};
}

const Program* program_named(std::string_view name) noexcept {
  for (auto list : all_programs()) {
    for (const Program& program : list) {
      if (program.name == name) return &program;
    }
  }
  return nullptr;
}

void run_program(const Program& program, const Cell& cell, Findings& findings) try {
  Config config;
  config.driver.kind = cell.kind;
  config.driver.files = cell.files;
  config.driver.ring = cell.ring;
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

int run_child(const Program& program, const Cell& cell) {
  const auto open_before = open_fds();
  Findings findings;
  run_program(program, cell, findings);
  print_entries();
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

bool is_number(std::string_view word, auto& number) noexcept {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc{} && end == word.data() + word.size();
}

/// Whether the words behind a program say what becomes of the entries of its rings.
bool is_watch(std::span<char* const> words) noexcept {
  if (words.empty()) return true;
  if (words.size() == 1 && std::string_view(words[0]) == "entries") {
    watch_entries();
    return true;
  }
  RingFault fault;
  const bool is_fault = words.size() == 4 && is_number(words[0], fault.kind.opcode) &&
                        is_number(words[1], fault.kind.tag) && is_number(words[2], fault.error) &&
                        is_number(words[3], fault.which);
  if (is_fault) watch_entries(&fault);
  return is_fault;
}

int list_programs() {
  for (auto list : all_programs()) {
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
  const std::span<char* const> given(words + 1, words + count);
  if (given.size() == 1 && std::string_view(given[0]) == "list") return list_programs();
  if (given.size() == 1 && std::string_view(given[0]) == "can-fail-entries") {
    return entries_can_fail() ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  const Cell* cell = given.size() >= 2 ? cell_named(given[0]) : nullptr;
  const Program* program = given.size() >= 2 ? program_named(given[1]) : nullptr;
  if (cell == nullptr || program == nullptr || !is_watch(given.subspan(2))) {
    std::fprintf(stderr, "usage: injected list | can-fail-entries | DRIVER PROGRAM "
                         "[entries | OPCODE TAG ERRNO WHICH]\n");
    return 2;
  }
  std::puts("ready");
  std::fflush(stdout);
  char line = 0;
  while (::read(STDIN_FILENO, &line, 1) == 1 && line != '\n') {
  }
  const pid_t child = ::fork();
  if (child == 0) std::_Exit(run_child(*program, *cell));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
