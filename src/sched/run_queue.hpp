#pragma once

#include <rota/core/runnable.hpp>

#include "sched/lifo_slot.hpp"
#include "sched/locked_queue.hpp"
#include "sched/run_ring.hpp"

#include <cstdint>
#include <utility>

namespace rota::inline v0 {

/// What a worker runs next. Where tasks stay it is a list of the worker's own. Where they may be
/// stolen it is a ring that thieves take from, with a slot before it for the task that the running
/// one has just woken: it finds its message in the cache. What finds the ring full goes behind it,
/// into a list under a lock, and so does all that comes after it until the ring has run empty and
/// takes up the front of the list: first in, first out, and no limit to how many are ready. Thieves
/// come to the list when the ring is empty, as it is beside a long task.
///
/// Rejected: half of a full ring goes to the injector, in tokio's manner. With a thousand tasks in
/// turn every worker is always there, and tasks wander: 2.7 times the time per turn on two workers.
class RunQueue {
 public:
  /// How often in a row the slot is served before the ring: two tasks that wake each other must not
  /// keep all others waiting. As many as tokio's.
  static constexpr std::uint32_t kSlotRuns = 3;

  enum class Kind : bool { own, stealable };

  explicit RunQueue(Kind kind) noexcept : is_own_(kind == Kind::own) {}

  /// Behind all others.
  void push(Runnable& runnable) noexcept {
    if (is_own_) return list_.push_back(runnable);
    if (!overflow_.empty() || !ring_.try_push(runnable)) [[unlikely]]
      overflow_.push(runnable);
  }
  /// Before all others, where there is a slot; what was in it goes behind them.
  void push_next(Runnable& runnable) noexcept {
    if (is_own_) return list_.push_back(runnable);
    if (Runnable* displaced = slot_.put(runnable)) push(*displaced);
  }
  /// Where there are thieves: before all others, and out of their reach.
  void push_own(Runnable& runnable) noexcept { own_ = &runnable; }
  [[gnu::always_inline]] Runnable* pop() noexcept {
    return is_own_ ? list_.pop_front() : pop_stealable();
  }
  [[nodiscard]] bool empty() const noexcept {
    if (is_own_) return list_.empty();
    return ring_.empty() && slot_.empty() && own_ == nullptr && overflow_.empty();
  }

  /// By a thief, the owner of `mine`: one to run at once, with more of them in `mine`, or null.
  Runnable* steal_into(RunQueue& mine, StealAmount amount) noexcept {
    Runnable* stolen = ring_.steal_into(mine.ring_, amount);
    return stolen != nullptr || overflow_.empty() ? stolen : steal_overflow(mine, amount);
  }
  [[nodiscard]] bool has_stealable() const noexcept { return !ring_.empty() || !overflow_.empty(); }
  /// By a thief that found nothing else.
  Runnable* steal_slot() noexcept { return slot_.steal(); }

 private:
  /// At most, of the overflow: half a ring, for which there is room beside a thief at work.
  static constexpr std::size_t kBatch = 128;

  Runnable* pop_stealable() noexcept {
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
    if (next == nullptr && !overflow_.empty()) [[unlikely]]
      next = take_up(overflow_.take(kBatch));
    return next != nullptr ? next : slot_.take();
  }
  Runnable* take_up(FifoList<Runnable> taken) noexcept;
  Runnable* steal_overflow(RunQueue& mine, StealAmount amount) noexcept;

  const bool is_own_;
  RunList list_;
  Runnable* own_ = nullptr;
  std::uint32_t slot_runs_ = 0;
  LifoSlot<Runnable> slot_;
  RunRing ring_;
  // Relaxed: who sleeps is told of it as of what is in the ring (idle_set.hpp rule 6).
  LockedQueue<Runnable, MemoryOrder::relaxed> overflow_;
};

}  // namespace rota::inline v0
