#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/list.hpp>
#include <rota/core/spin_lock.hpp>

#include <cstddef>

namespace rota::inline v0 {

// A FIFO that any thread puts into and any worker takes from. Intrusive through T::next: the nodes
// belong to what is queued, each of which is queued once, so it cannot grow without bound and
// nothing can fail.
//
// Rules
//   1. List and count change under the lock. The count alone is read without it.
//   2. A worker looks at the count first and takes the lock only if it is not zero, so an empty
//      queue is a line that all workers share and nobody writes.
//   3. A node that was taken belongs to the taker, and a node that was put in to the queue: the
//      lock hands over what is written in it.
//   4. `published` is the order in which a push writes the count. Relaxed is enough for who is told
//      of the push by something stronger; sequentially consistent is for a sleeper who announces
//      himself and then looks here (park_word.hpp rule 4).
//
// Under the lock stand a few pointers, and the walk along those nodes that are taken.
//
// Rejected: a stack that takers exchange out whole (mpsc_stack.hpp) gives one worker everything,
// or has to be pushed back out of order; a lock-free queue (Michael and Scott) reads nodes that
// another taker may have run and freed already, so it needs hazard pointers or a free list of its
// own; a queue of slots needs an answer to "full", and a wake may not fail.
template <class T, MemoryOrder published>
class alignas(128) LockedQueue {
 public:
  LockedQueue() noexcept = default;
  LockedQueue(const LockedQueue&) = delete;
  LockedQueue& operator=(const LockedQueue&) = delete;

  // Any thread.
  void push(T& node) noexcept {
    const SpinGuard guard(lock_);
    nodes_.push_back(node);
    count_.store(count_.load(MemoryOrder::relaxed) + 1, published);
  }

  // Any worker. The oldest nodes, at most so many; none, at the price of one load, when it is
  // empty.
  [[nodiscard]] FifoList<T> take(std::size_t at_most) noexcept {
    FifoList<T> taken;
    if (empty()) return taken;
    const SpinGuard guard(lock_);
    std::size_t count = 0;
    while (count < at_most && !nodes_.empty()) {
      taken.push_back(*nodes_.pop_front());
      ++count;
    }
    // Relaxed: a count that is still too large costs somebody a look in vain.
    count_.store(count_.load(MemoryOrder::relaxed) - count, MemoryOrder::relaxed);
    return taken;
  }

  // Any thread. How many lie here; a guess as soon as it is known.
  [[nodiscard]] std::size_t size() const noexcept {
    return count_.load(MemoryOrder::seq_cst);  // Rule 4; on x86 the same instruction as relaxed.
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

 private:
  SpinLock lock_;
  FifoList<T> nodes_;  // Under the lock.
  // Written under the lock, read by every worker.
  Atomic<std::size_t> count_{0};
};

}  // namespace rota::inline v0
