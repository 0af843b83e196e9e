#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/wait_line.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace rota::inline v0 {

class Barrier;

/// How a task came through a Barrier: each phase has one that arrived last.
enum class Arrival : bool { waited, last };

/// The leaf of `Barrier::arrive_and_wait`.
class BarrierWait : public LineWait {
 public:
  static constexpr bool any_thread = true;
  static constexpr CancelLoss loses = CancelLoss::place;

  explicit BarrierWait(Barrier& barrier) noexcept;

  bool start(Runnable& self) noexcept;
  Result<Arrival> finish() const noexcept {
    if (stopped()) return failure(ECANCELED);
    return arrival_;
  }

 private:
  Arrival arrival_ = Arrival::waited;
};

/// Where so many tasks wait for each other, again and again: the last one to arrive lets all go on
/// and begins the next phase.
///
/// It wakes in the order of the arrivals.
///
/// @threads any
/// @loses its arrival: the phase still waits for as many, so a task that will not come again calls
/// `arrive_and_drop`; one whose phase ended at the same moment has come through
/// @owns it outlives its waiters
/// @errors none
class Barrier : private WaitRoom {
 public:
  /// How many have to arrive in each phase: at least one.
  explicit Barrier(std::size_t expected) noexcept : expected_(expected) {
    check_usage(expected > 0, "a Barrier is for one task at least");
  }
  ~Barrier() { check_usage(waiters_.empty(), "a Barrier was destroyed while tasks wait in it"); }

  /// Arrives, and waits for the others.
  [[nodiscard]] Await<BarrierWait> arrive_and_wait() noexcept {
    return Await<BarrierWait>(std::in_place, *this);
  }
  /// Arrives for this phase, and is expected no more in later ones. Never waits. `last`: this has
  /// ended the phase.
  Arrival arrive_and_drop() noexcept;
  /// How many phases have ended; old news when it arrives.
  [[nodiscard]] std::uint64_t phase() const noexcept { return phase_.load(MemoryOrder::acquire); }

 private:
  friend class BarrierWait;

  static void stop(Leaf& leaf) noexcept;
  [[nodiscard]] WaitLine end_phase() noexcept;

  // Under line_lock.
  std::size_t expected_;
  std::size_t arrived_ = 0;  // of them; less than expected_ while the lock is free
  WaitLine waiters_;
  Atomic<std::uint64_t> phase_{0};  // read without the lock by `phase`
};

inline BarrierWait::BarrierWait(Barrier& barrier) noexcept : LineWait(barrier) {}

}  // namespace rota::inline v0
