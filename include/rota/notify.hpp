#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/room_wait.hpp>
#include <rota/core/wait_line.hpp>

#include <utility>

namespace rota::inline v0 {

class Notify;
/// The leaf of `Notify::wait`.
using NotifyWait = RoomWait<Notify>;

/// Tells tasks that something has happened, without saying what: they look. `notify_one` lets one
/// through, the next one to wait if nobody does now; it keeps one such permit, not several. So
/// nothing is missed by one task that looks, waits, and looks again.
///
/// Waits are served in the order in which they began.
///
/// @threads any
/// @loses nothing, and takes no permit; one that was let through at the same moment ends with
/// success
/// @owns a permit is kept for the next wait, one at the most; it outlives its waiters
/// @errors none
class Notify : private WaitRoom {
 public:
  Notify() = default;
  ~Notify() { check_usage(waiters_.empty(), "a Notify was destroyed while tasks wait for it"); }

  [[nodiscard]] Await<NotifyWait> wait() noexcept {
    return Await<NotifyWait>(std::in_place, *this);
  }
  /// Lets through the one that has waited longest, or else the next one to wait.
  void notify_one() noexcept;
  /// Lets through all who wait now. Leaves no permit, and takes none away.
  void notify_all() noexcept;

 private:
  friend class RoomWait<Notify>;

  [[nodiscard]] bool lets_through() noexcept { return std::exchange(permit_, false); }

  bool permit_ = false;  // both under line_lock; nobody waits while there is a permit
  WaitLine waiters_;
};

}  // namespace rota::inline v0
