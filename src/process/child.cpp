// What runs in the child shares the parent's memory and thread-locals, which the tools that watch
// over memory and threads know nothing of. So its functions are compiled without them, and reach
// the kernel past the functions that they replace.

#include "process/child.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

/// clone(2) under the name that the thread sanitizer does not replace: its own takes the child for
/// a process of its own.
extern "C" int __clone(int (*run)(void*), void* stack, int flags, void* argument, ...);

namespace rota::inline v0 {

namespace {

/// The kernel's sigaction, and its set of 64 signals.
struct KernelAction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  std::uint64_t mask;
};

struct Birth {
  ChildPlan& plan;
  int error = 0;  // written by the child
};

/// A system call in the child; a negative errno on failure.
template <class... Args>
__attribute__((no_sanitize("address", "thread", "undefined"))) long call(long number,
                                                                         Args... args) noexcept {
  const long result = syscall(number, args...);
  return result < 0 ? -errno : result;
}

/// A handler is the parent's code. What is ignored stays so, but SIGPIPE: programs expect it.
__attribute__((no_sanitize("address", "thread", "undefined"))) void forget_handlers() noexcept {
  for (int signal = 1; signal <= 64; ++signal) {
    KernelAction action{};
    if (call(SYS_rt_sigaction, signal, nullptr, &action, sizeof action.mask) < 0) continue;
    if (action.handler == SIG_DFL) continue;
    if (action.handler == SIG_IGN && signal != SIGPIPE) continue;
    action = {};
    call(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
  }
}

/// First out of the way of every number that is wanted, then to that number, which also keeps it
/// open in the program.
__attribute__((no_sanitize("address", "thread", "undefined"))) long place_fds(
    std::span<ChildFd> fds) noexcept {
  int above = 3;
  for (const ChildFd& fd : fds) above = std::max(above, fd.to + 1);
  for (ChildFd& fd : fds) {
    const long raised = call(SYS_fcntl, fd.from, F_DUPFD_CLOEXEC, above);
    if (raised < 0) return raised;
    fd.from = static_cast<int>(raised);
  }
  // The rest is closed when the program begins. A kernel or a sandbox without close_range leaves
  // what others forgot to mark.
  call(SYS_close_range, 0u, ~0u, CLOSE_RANGE_CLOEXEC);
  for (const ChildFd& fd : fds) {
    const long placed = call(SYS_dup3, fd.from, fd.to, 0);
    if (placed < 0) return placed;
  }
  return 0;
}

__attribute__((no_sanitize("address", "thread", "undefined"))) long set_limits(
    std::span<const ChildLimit> limits) noexcept {
  for (const ChildLimit& limit : limits) {
    const std::uint64_t values[2] = {limit.soft, limit.hard};
    const long set = call(SYS_prlimit64, 0, limit.resource, values, nullptr);
    if (set < 0) return set;
  }
  return 0;
}

__attribute__((no_sanitize("address", "thread", "undefined"))) long begin_session(
    const ChildPlan& plan) noexcept {
  if (!plan.new_session && !plan.takes_terminal) return 0;
  const long session = call(SYS_setsid);
  if (session < 0 || !plan.takes_terminal) return session;
  return call(SYS_ioctl, 0, TIOCSCTTY, 0);
}

/// Returns only when no program begins. One that may not be run is remembered: it says more than
/// that the next folder has none.
__attribute__((no_sanitize("address", "thread", "undefined"))) long begin_program(
    const ChildPlan& plan) noexcept {
  long error = -ENOENT;
  for (const char* program : plan.programs) {
    const long failed = call(SYS_execve, program, plan.arguments, plan.environment);
    if (failed == -EACCES) {
      error = failed;
    } else if (failed != -ENOENT && failed != -ENOTDIR) {
      return failed;
    }
  }
  return error;
}

__attribute__((no_sanitize("address", "thread", "undefined"))) long become(
    ChildPlan& plan) noexcept {
  forget_handlers();
  if (const long placed = place_fds(plan.fds); placed < 0) return placed;
  if (const long begun = begin_session(plan); begun < 0) return begun;
  if (plan.directory != nullptr) {
    if (const long changed = call(SYS_chdir, plan.directory); changed < 0) return changed;
  }
  // The folder first: the limits may leave too little for that.
  if (const long set = set_limits(plan.limits); set < 0) return set;
  const std::uint64_t none = 0;
  call(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none);
  return begin_program(plan);
}

__attribute__((no_sanitize("address", "thread", "undefined"))) int child_main(
    void* argument) noexcept {
  auto& birth = *static_cast<Birth*>(argument);
  birth.error = static_cast<int>(-become(birth.plan));
  call(SYS_exit, 127);
  return 127;
}

/// A stack for a child that calls little.
class ChildStack {
 public:
  ChildStack() noexcept
      : base_(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
                   -1, 0)) {}
  ~ChildStack() {
    if (valid()) munmap(base_, kBytes);
  }
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;

  [[nodiscard]] bool valid() const noexcept { return base_ != MAP_FAILED; }
  [[nodiscard]] void* top() const noexcept { return static_cast<std::byte*>(base_) + kBytes; }

 private:
  static constexpr std::size_t kBytes = 64 * 1024;

  void* base_;
};

/// Every signal, so that none is delivered to the child before it has forgotten its handlers.
class EverySignalBlocked {
 public:
  EverySignalBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~EverySignalBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  EverySignalBlocked(const EverySignalBlocked&) = delete;
  EverySignalBlocked& operator=(const EverySignalBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

Result<Child> start_child(ChildPlan& plan) noexcept {
  const ChildStack stack;
  if (!stack.valid()) return failure(ENOMEM);
  Birth birth{plan};
  int pidfd = -1;
  pid_t pid = -1;
  {
    const EverySignalBlocked blocked;
    constexpr int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
    pid = __clone(child_main, stack.top(), flags, &birth, &pidfd);
  }
  if (pid < 0) return failure(errno);
  Child child{pid, UniqueFd(pidfd)};
  if (birth.error == 0) return child;
  // It has exited. Nobody else can have waited for it, but if all children are waited for by
  // themselves (SIGCHLD is ignored) it is gone already.
  siginfo_t ended{};
  while (waitid(P_PIDFD, static_cast<id_t>(pidfd), &ended, WEXITED) < 0 && errno == EINTR) {
  }
  return failure(birth.error);
}

}  // namespace rota::inline v0
