#pragma once

#include <rota/core/cancel_loss.hpp>
#include <rota/core/wait_line.hpp>
#include <rota/result.hpp>

#include <cerrno>

namespace rota::inline v0 {

/// The leaf of what a task waits for without getting anything: Event, Latch, Notify. The owner is a
/// WaitRoom with one line, `waiters_`, and a `bool lets_through()`, asked under the lock.
template <class Owner>
class RoomWait : public LineWait {
 public:
  static constexpr bool any_thread = true;
  static constexpr CancelLoss loses = CancelLoss::nothing;

  explicit RoomWait(Owner& owner) noexcept : LineWait(owner) {}

  bool start(Runnable& self) noexcept {
    Owner& at = owner();
    SpinGuard guard(at.line_lock);
    if (at.lets_through()) return false;
    park_in(at.waiters_, self, stop);
    return true;
  }
  Result<void> finish() const noexcept {
    if (stopped()) return failure(ECANCELED);
    return {};
  }

 private:
  [[nodiscard]] Owner& owner() const noexcept { return static_cast<Owner&>(room()); }
  static void stop(Leaf& leaf) noexcept {
    auto& wait = static_cast<RoomWait&>(leaf);
    wait.stop_in(wait.owner().waiters_);
  }
};

}  // namespace rota::inline v0
