#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/list.hpp>
#include <rota/core/spin_lock.hpp>

#include <cstddef>
#include <utility>

namespace rota::inline v0 {

// The queue that all workers share: what comes from a thread that is no worker, and the half of a
// ring that was full. FIFO; any thread puts in, any worker takes out. Intrusive through T::next:
// the nodes belong to what is queued, each of which is queued once, so it cannot grow without
// bound and nothing can fail.
//
// Rules
//   1. List and count change under the lock. The count alone is read without it.
//   2. A worker looks at the count first and takes the lock only if it is not zero, so an empty
//      injector is a line that all workers share and nobody writes.
//   3. Publish, then look for a sleeper; announce, then look here: whoever puts in writes the count
//      and then reads who sleeps (park_word.hpp rule 4, idle_set.hpp rule 6). Writing and reading
//      the count are seq_cst, so that this holds against either of the two.
//   4. A node that was taken belongs to the taker, and a node that was put in to the injector: the
//      lock hands over what is written in it.
//
// A lock is enough. Workers come here for a batch, once per ~200 us of work or when they have
// nothing else, and what comes from another worker comes in batches of half a ring. Under it stand
// a few pointers, and the walk along those nodes that are taken: a taker asks for its share of the
// queue, never for all.
//
// Rejected: a stack that takers exchange out whole (mpsc_stack.hpp) gives one worker everything,
// or has to be pushed back out of order; a lock-free queue (Michael and Scott) reads nodes that
// another taker may have run and freed already, so it needs hazard pointers or a free list of its
// own; a queue of slots needs an answer to "full", and a wake may not fail.
template <class T>
class alignas(128) Injector {
 public:
  Injector() noexcept = default;
  Injector(const Injector&) = delete;
  Injector& operator=(const Injector&) = delete;

  // Any thread.
  void push(T& node) noexcept {
    const SpinGuard guard(lock_);
    nodes_.push_back(node);
    grow_by(1);
  }

  // Any thread. The nodes of `chain`, `count` of them, come out in their order with no other node
  // between.
  void push_chain(FifoList<T>&& chain, std::size_t count) noexcept {
    const SpinGuard guard(lock_);
    nodes_.append(std::move(chain));
    grow_by(count);
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
    return count_.load(MemoryOrder::seq_cst);  // Rule 3; on x86 the same instruction as relaxed.
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

 private:
  // Under the lock.
  void grow_by(std::size_t count) noexcept {
    // Seq_cst: rule 3.
    count_.store(count_.load(MemoryOrder::relaxed) + count, MemoryOrder::seq_cst);
  }

  SpinLock lock_;
  FifoList<T> nodes_;  // Under the lock.
  // Written under the lock, read by every worker.
  Atomic<std::size_t> count_{0};
};

}  // namespace rota::inline v0
