#include "sched/run_queue.hpp"

#include <algorithm>
#include <utility>

namespace rota::inline v0 {

/// Puts the rest into the ring and returns the first, to be run at once.
Runnable* RunQueue::take_up(FifoList<Runnable> taken) noexcept {
  Runnable* first = taken.pop_front();
  while (Runnable* next = taken.pop_front()) {
    // A ring that holds others, as a thief's may, is full sooner.
    if (!ring_.try_push(*next)) overflow_.push(*next);
  }
  return first;
}

Runnable* RunQueue::steal_overflow(RunQueue& mine, StealAmount amount) noexcept {
  const std::size_t half = amount == StealAmount::one ? 1 : overflow_.size() / 2 + 1;
  return mine.take_up(overflow_.take(std::min(half, kBatch)));
}

}  // namespace rota::inline v0
