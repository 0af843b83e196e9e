#include "child_process.hpp"

#include "cli/load/interrupt.hpp"
#include "cli/load/monotonic.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace rota::cli {
namespace {

/// How long an interrupt may go unseen when the signal arrives just before the wait.
constexpr std::uint64_t look_up_ms = 100;

struct Pipe {
  int read_end = -1;
  int write_end = -1;

  bool open() noexcept {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end = ends[0];
    write_end = ends[1];
    return true;
  }
  void close() const noexcept {
    if (read_end >= 0) ::close(read_end);
    if (write_end >= 0) ::close(write_end);
  }
};

struct Prepared {
  std::vector<char*> arguments;
  std::optional<unsigned> cpu;
  pid_t parent;
  int input;
  int output;
};

/// In the child, between fork and exec: system calls only.
[[noreturn]] void become(const Prepared& prepared) {
  constexpr int failed = 127;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != prepared.parent) ::_exit(failed);  // It died before the line above.
  ::setpgid(0, 0);
  if (prepared.cpu) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(*prepared.cpu, &cpus);
    ::sched_setaffinity(0, sizeof cpus, &cpus);
  }
  ::dup2(prepared.input, STDIN_FILENO);
  ::dup2(prepared.output, STDOUT_FILENO);
  ::dup2(prepared.output, STDERR_FILENO);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  ::execv("/proc/self/exe", prepared.arguments.data());
  ::_exit(failed);
}

}  // namespace

std::expected<ChildProcess, std::string> ChildProcess::start(const Command& command) {
  Pipe input;
  Pipe output;
  if (!input.open() || !output.open()) {
    const int error = errno;
    input.close();
    return std::unexpected(std::string("cannot make a pipe: ") + std::strerror(error));
  }
  std::string name = "rota";
  std::vector<std::string> arguments = command.arguments;
  Prepared prepared{{name.data()}, command.cpu, ::getpid(), input.read_end, output.write_end};
  for (std::string& argument : arguments) prepared.arguments.push_back(argument.data());
  prepared.arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) become(prepared);
  const int error = errno;
  ::close(input.read_end);
  ::close(output.write_end);
  if (pid < 0) {
    ::close(input.write_end);
    ::close(output.read_end);
    return std::unexpected(std::string("cannot fork: ") + std::strerror(error));
  }
  return ChildProcess(pid, input.write_end, output.read_end);
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  ::close(input_);
  ::close(output_);
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::expected<std::string, std::string> ChildProcess::read_line(std::uint64_t patience_ms) {
  const std::uint64_t until_ns = monotonic_ns() + patience_ms * ns_per_ms;
  for (;;) {
    if (auto line = take_line()) return *line;
    if (interrupted()) return std::unexpected("interrupted");
    const std::uint64_t now_ns = monotonic_ns();
    if (now_ns >= until_ns) {
      return std::unexpected("no word from it within " + std::to_string(patience_ms) + " ms");
    }
    const std::uint64_t left_ms = std::min((until_ns - now_ns) / ns_per_ms + 1, look_up_ms);
    pollfd ready{.fd = output_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(left_ms)) <= 0) continue;
    char chunk[4096];
    const ssize_t got = ::read(output_, chunk, sizeof chunk);
    if (got == 0) return std::unexpected(end_of_output());
    if (got > 0) pending_.append(chunk, static_cast<std::size_t>(got));
  }
}

void ChildProcess::write_line(std::string_view line) noexcept {
  std::string text(line);
  text += '\n';
  [[maybe_unused]] const ssize_t put = ::write(input_, text.data(), text.size());
}

std::optional<std::string> ChildProcess::take_line() {
  const std::size_t end = pending_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  return line;
}

/// It has closed its output: it has ended, or is about to.
std::string ChildProcess::end_of_output() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ::close(input_);
  ::close(output_);
  pid_ = -1;
  if (WIFSIGNALED(status)) {
    return std::string("its process was ended by signal ") + ::strsignal(WTERMSIG(status));
  }
  const std::string said = pending_.empty() ? "" : ": " + pending_;
  return "its process ended with status " + std::to_string(WEXITSTATUS(status)) + said;
}

}  // namespace rota::cli
