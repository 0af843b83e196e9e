#include "cli/load/monotonic.hpp"
#include "process_threads.hpp"
#include "syscall_counter.hpp"

#include <poll.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

namespace rota::cli {
namespace {

constexpr int syscall_stop = SIGTRAP | 0x80;  // what PTRACE_O_TRACESYSGOOD makes of it

/// A data argument of ptrace that is a number.
void* as_data(long value) { return reinterpret_cast<void*>(value); }

class PtraceCounter final : public SyscallCounter {
 public:
  explicit PtraceCounter(std::vector<pid_t> threads) : threads_(std::move(threads)) {}

  /// Lets go of every thread, the first one last: as long as a traced thread that has ended is not
  /// waited for, the end of its process is not reported either.
  ~PtraceCounter() override {
    for (auto thread = threads_.rbegin(); thread != threads_.rend(); ++thread) release(*thread);
  }

  std::uint64_t count_until_readable(int fd, std::uint64_t patience_ms) override {
    const std::uint64_t until_ns = monotonic_ns() + patience_ms * ns_per_ms;
    // Every stop sends SIGCHLD. Blocked, it stays pending, so that no stop is slept through.
    sigset_t stops;
    sigset_t before;
    sigemptyset(&stops);
    sigaddset(&stops, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &stops, &before);
    constexpr timespec look_at_fd{.tv_sec = 0, .tv_nsec = 1'000'000};
    for (;;) {
      const bool any = serve_stops();
      pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, 0) > 0 || monotonic_ns() >= until_ns) break;
      if (!any) ::sigtimedwait(&stops, nullptr, &look_at_fd);
    }
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return entered_;
  }
  [[nodiscard]] std::string_view method() const noexcept override { return "ptrace"; }

 private:
  static void release(pid_t thread) {
    // Where it fails the thread has ended, which waitpid tells too.
    ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
    int status = 0;
    if (::waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status)) return;
    ::ptrace(PTRACE_DETACH, thread, nullptr, nullptr);
  }

  bool serve_stops() {
    bool any = false;
    for (std::size_t i = 0; i < threads_.size(); ++i) {  // a clone may append
      int status = 0;
      if (::waitpid(threads_[i], &status, __WALL | WNOHANG) <= 0) continue;
      if (!WIFSTOPPED(status)) continue;
      any = true;
      go_on(threads_[i], status);
    }
    return any;
  }

  void go_on(pid_t thread, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    long deliver = 0;
    if (signal == syscall_stop) {
      count(thread);
    } else if (event == PTRACE_EVENT_CLONE) {
      unsigned long child = 0;
      ::ptrace(PTRACE_GETEVENTMSG, thread, nullptr, &child);
      threads_.push_back(static_cast<pid_t>(child));
    } else if (event == 0) {
      deliver = signal;
    }
    ::ptrace(PTRACE_SYSCALL, thread, nullptr, as_data(deliver));
  }

  void count(pid_t thread) {
    __ptrace_syscall_info info{};
    const long got = ::ptrace(PTRACE_GET_SYSCALL_INFO, thread, as_data(sizeof info), &info);
    if (got > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY) entered_ += 1;
  }

  std::vector<pid_t> threads_;
  std::uint64_t entered_ = 0;
};

}  // namespace

std::expected<std::unique_ptr<SyscallCounter>, std::string> count_by_ptrace(pid_t pid) {
  std::vector<pid_t> seized;
  for (const pid_t thread : threads_of(pid)) {
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE;
    if (::ptrace(PTRACE_SEIZE, thread, nullptr, as_data(options)) == 0) {
      ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
      seized.push_back(thread);
    } else if (thread == pid) {  // Others may be kernel threads, which make no system calls.
      return std::unexpected(std::string("ptrace: ") + std::strerror(errno));
    }
  }
  return std::make_unique<PtraceCounter>(std::move(seized));
}

}  // namespace rota::cli
