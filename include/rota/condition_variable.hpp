#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/permits.hpp>
#include <rota/core/wait_line.hpp>
#include <rota/mutex.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <utility>

namespace rota::inline v0 {

class ConditionVariable;

/// The leaf of `ConditionVariable::wait`. It stands in two lines, one after the other: that of the
/// condition, in which it may be stopped, and that of the mutex, in which it may not.
class ConditionWait : public PermitWait {
 public:
  static constexpr bool any_thread = true;
  static constexpr CancelLoss loses = CancelLoss::nothing;

  ConditionWait(ConditionVariable& condition, MutexGuard& guard) noexcept;

  bool start(Runnable& self) noexcept;
  Result<void> finish() const noexcept {
    if (stopped()) return failure(ECANCELED);
    return {};
  }

 private:
  friend class ConditionVariable;

  static void stop(Leaf& leaf) noexcept;
  [[nodiscard]] bool take_mutex() noexcept;

  ConditionVariable& condition_;
  Permits& mutex_;
};

/// Where the holder of a Mutex waits until what the mutex guards has changed: `wait` unlocks it
/// and, before it returns, locks it again.
///
/// Whoever waits stands in line before the mutex is unlocked, so no notification that comes after
/// the unlocking is missed; none wakes without cause, but between a notification and the return of
/// `wait` others may have had the mutex: look again, in a loop. One that is notified does not run
/// before the mutex is its own: it goes from one line to the other. Waits are served in the order
/// in which they began.
///
/// @threads any
/// @loses nothing: it ends with the mutex locked again, cancelled or not; one that was notified at
/// the same moment ends with success
/// @owns the mutex stays its guard's, although others have it during the wait; this outlives its
/// waiters
/// @errors none
///
///     while (queue.empty()) {
///       Result<void> notified = co_await changed.wait(guard);
///       if (!notified) co_return;
///     }
class ConditionVariable : private WaitRoom {
 public:
  ConditionVariable() = default;
  ~ConditionVariable() {
    check_usage(waiters_.empty(), "a ConditionVariable was destroyed while tasks wait for it");
  }

  /// `guard` holds the mutex, which is unlocked meanwhile although the guard still says that it
  /// owns it. The guard must stay where it is.
  [[nodiscard]] Await<ConditionWait> wait(MutexGuard& guard) noexcept {
    return Await<ConditionWait>(std::in_place, *this, guard);
  }
  /// With or without the mutex.
  void notify_one() noexcept;
  void notify_all() noexcept;

 private:
  friend class ConditionWait;

  WaitLine waiters_;  // under line_lock
};

}  // namespace rota::inline v0
