#include "process/child_end.hpp"

#include <rota/await.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/join.hpp>
#include <rota/stop.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <utility>

namespace rota::inline v0 {

namespace {

ExitStatus exit_status(const siginfo_t& status) noexcept {
  if (status.si_code == CLD_EXITED) return ExitStatus{.code = status.si_status};
  return ExitStatus{.signal = status.si_status, .dumped_core = status.si_code == CLD_DUMPED};
}

/// Takes the status of a process that has ended, on this thread, which waits for one that has not.
void take_status(int pidfd) noexcept {
  siginfo_t status{};
  while (waitid(P_PIDFD, static_cast<id_t>(pidfd), &status, WEXITED) < 0 && errno == EINTR) {
  }
}

/// The end of a process, by a pidfd that stays its owner's.
class EndWatch {
 public:
  explicit EndWatch(int pidfd) : descriptor_(adopt_fd(pidfd, FdKind::stream, FdOwner::caller)) {}

  [[nodiscard]] Await<StatusLeaf<ChildWait>> wait(siginfo_t& status) noexcept {
    return Await<StatusLeaf<ChildWait>>(std::in_place, descriptor_.get(), &status);
  }
  /// Until the driver has forgotten the pidfd.
  [[nodiscard]] Await<CloseLeaf> forget() noexcept {
    return Await<CloseLeaf>(std::in_place, std::move(descriptor_));
  }

 private:
  DescriptorRef descriptor_;
};

Task<Result<ExitStatus>> take_end(int pidfd) {
  EndWatch watch(pidfd);
  siginfo_t status{};
  Result<void> ended = co_await watch.wait(status);
  Result<void> forgotten = co_await watch.forget();
  static_cast<void>(forgotten);  // What was taken is taken, and the pidfd is no file.
  if (!ended) co_return std::unexpected(ended.error());
  co_return exit_status(status);
}

/// For a process that was killed and that nobody waits for: it ends soon. So where a driver cannot
/// wait for it, the thread does.
Task<void> reap(int pidfd) {
  Task<Result<ExitStatus>> waiting = shielded(take_end(pidfd));
  Result<ExitStatus> ended = co_await std::move(waiting);
  if (!ended) take_status(pidfd);
  ::close(pidfd);
}

}  // namespace

Task<Result<ExitStatus>> await_end(int pidfd) { return take_end(pidfd); }

/// In the background where there is one; a runtime that is shut down has none any more, nor has a
/// plain thread.
void reap_later(int pidfd) noexcept {
  if (current_task() != nullptr) {
    try {
      const JoinHandle<void> reaping =
          spawn_into_root(reap(pidfd), SpawnOptions("reap"), std::source_location::current());
      // It may have reaped already, on another worker; only one that was refused has failed.
      if (!reaping.is_done() || !reaping.task().failed()) return;
    } catch (const std::bad_alloc&) {
    }
  }
  take_status(pidfd);
  ::close(pidfd);
}

}  // namespace rota::inline v0
