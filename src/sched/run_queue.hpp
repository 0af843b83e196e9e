#pragma once

#include <rota/core/runnable.hpp>

#include "sched/lifo_slot.hpp"
#include "sched/run_ring.hpp"
#include "sched/shared_work.hpp"

#include <cstdint>
#include <utility>

namespace rota::inline v0 {

/// What a worker runs next. Where tasks stay it is a list of the worker's own. Where they may be
/// stolen it is a ring that thieves take from, with a slot before it for the task that the running
/// one has just woken: it finds its message in the cache. What finds the ring full goes, with half
/// of the ring, to the injector; so neither the ring nor the injector limits how many are ready.
class RunQueue {
 public:
  /// How often in a row the slot is served before the ring: two tasks that wake each other must not
  /// keep all others waiting. As many as tokio's.
  static constexpr std::uint32_t kSlotRuns = 3;

  explicit RunQueue(SharedWork* shared) noexcept : shared_(shared) {}

  /// Behind all others.
  void push(Runnable& runnable) noexcept {
    if (shared_ == nullptr) return list_.push_back(runnable);
    if (!ring_.try_push(runnable)) [[unlikely]]
      overflow(runnable);
  }
  /// Before all others, where there is a slot; what was in it goes behind them.
  void push_next(Runnable& runnable) noexcept {
    if (shared_ == nullptr) return list_.push_back(runnable);
    if (Runnable* displaced = slot_.put(runnable)) push(*displaced);
  }
  /// Where there are thieves: before all others, and out of their reach.
  void push_own(Runnable& runnable) noexcept { own_ = &runnable; }
  [[gnu::always_inline]] Runnable* pop() noexcept {
    return shared_ == nullptr ? list_.pop_front() : pop_shared();
  }
  [[nodiscard]] bool empty() const noexcept {
    return shared_ == nullptr ? list_.empty() : ring_.empty() && slot_.empty() && own_ == nullptr;
  }

  /// By a thief, the owner of `mine`: one to run at once, with more of them in `mine`, or null.
  Runnable* steal_into(RunQueue& mine, StealAmount amount) noexcept {
    return ring_.steal_into(mine.ring_, amount);
  }
  [[nodiscard]] bool has_stealable() const noexcept { return !ring_.empty(); }
  /// By a thief that found nothing else.
  Runnable* steal_slot() noexcept { return slot_.steal(); }

 private:
  Runnable* pop_shared() noexcept {
    if (own_ != nullptr) [[unlikely]]
      return std::exchange(own_, nullptr);
    if (slot_runs_ < kSlotRuns) {
      if (Runnable* next = slot_.take()) {
        ++slot_runs_;
        return next;
      }
    }
    slot_runs_ = 0;
    Runnable* next = ring_.pop();
    return next != nullptr ? next : slot_.take();
  }
  void overflow(Runnable& runnable) noexcept;

  SharedWork* const shared_;
  RunList list_;
  Runnable* own_ = nullptr;
  std::uint32_t slot_runs_ = 0;
  LifoSlot<Runnable> slot_;
  RunRing ring_;
};

}  // namespace rota::inline v0
