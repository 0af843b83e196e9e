#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/room_wait.hpp>
#include <rota/core/wait_line.hpp>

#include <cstddef>
#include <utility>

namespace rota::inline v0 {

class Latch;
/// The leaf of `Latch::wait`.
using LatchWait = RoomWait<Latch>;

/// Lets everybody through, for good, once it was counted down to zero.
///
/// It wakes in the order in which the waits began.
///
/// @threads any
/// @loses nothing
/// @owns it outlives its waiters; whoever knows by `wait` or `try_wait` that it is at zero may
/// destroy it
/// @errors none
class Latch : private WaitRoom {
 public:
  explicit Latch(std::size_t count) noexcept : count_(count) {}
  ~Latch() { check_usage(waiters_.empty(), "a Latch was destroyed while tasks wait for it"); }

  /// By no more than is left. Who counts it down to zero wakes all.
  void count_down(std::size_t by = 1) noexcept;
  [[nodiscard]] Await<LatchWait> wait() noexcept { return Await<LatchWait>(std::in_place, *this); }
  /// Whether it is at zero. Never waits.
  [[nodiscard]] bool try_wait() noexcept;

 private:
  friend class RoomWait<Latch>;

  [[nodiscard]] bool lets_through() const noexcept { return count_ == 0; }

  std::size_t count_;  // both under line_lock
  WaitLine waiters_;
};

}  // namespace rota::inline v0
