#pragma once

#include <rota/core/atomic.hpp>

#include <cstdint>

namespace rota::inline v0 {

// How one worker goes to sleep in its driver while many threads post to its inbox: nothing posted
// is left lying under a sleeping worker, and posters pay at most one system call per sleep.
//
// Rules
//   1. The worker announces its sleep, looks at its inbox *again*, and only then sleeps in its
//      driver. A look before the announcement proves nothing.
//   2. A poster publishes first (MpscStack::push) and calls claim_wake afterwards.
//   3. For each announcement at most one claim_wake returns true. Whoever gets it must call the
//      driver's wake(). That wake is sticky: a wake that comes before the worker reached its sleep
//      ends the sleep at once, and one that comes after the worker retracted costs the next sleep
//      one idle round and nothing else.
//   4. Publish and claim_wake's load on one side, announce and the second look on the other, are a
//      store-buffering pair: each side writes, then reads what the other wrote. All four are
//      seq_cst, so they have one order in which at least one side comes second and sees the other:
//      the poster sees `armed`, or the worker sees the node. Acquire and release do not give that.
//   5. The worker retracts when it found something and whenever its driver returned, before it
//      empties the inbox. A poster that came too late to claim has published before it looked, so
//      the worker finds its node.
//   6. A poster that claimed may call wake() after the worker has retracted, even much later. So
//      the driver outlives every thread that may still post.
//
// The poster's common case, a worker that runs, is one load of a line that nobody writes: a
// read-modify-write there would make every post fetch the line for itself. A fence in each poster
// in place of seq_cst accesses was rejected: it costs x86 a real instruction after the locked one
// that push already is, and thread sanitizers do not model fences.
class ParkWord {
 public:
  ParkWord() noexcept = default;
  ParkWord(const ParkWord&) = delete;
  ParkWord& operator=(const ParkWord&) = delete;

  // Worker only, while running. The worker must look at its inbox after this and before it sleeps.
  void announce() noexcept {
    // An exchange, although a seq_cst store would do: it is the same instruction on x86.
    state_.exchange(armed, MemoryOrder::seq_cst);
  }

  // Worker only, after announce. True: a poster claimed the wake of this sleep and has called the
  // driver's wake(), or is about to.
  bool retract() noexcept {
    // Acquire pairs with the claim, so that what its poster wrote is seen with it.
    return state_.exchange(running, MemoryOrder::acq_rel) == notified;
  }

  // Any thread. True: the worker sleeps, or is about to, and nobody has claimed its wake.
  [[nodiscard]] bool is_armed() const noexcept {
    // Acquire pairs with announce: what the worker has counted before it. Lasting for nobody.
    return state_.load(MemoryOrder::acquire) == armed;
  }

  // Any thread, after it published. True: the caller must call the driver's wake().
  [[nodiscard]] bool claim_wake() noexcept {
    std::uint32_t seen = state_.load(MemoryOrder::seq_cst);  // Rule 4.
    if (seen != armed) {
      return false;
    }
    // Of many posters one wins; release pairs with retract. A loser has nothing to do: the winner
    // wakes a worker that will find both nodes, or the worker has retracted and looks anyway.
    return state_.compare_exchange_strong(seen, notified, MemoryOrder::acq_rel,
                                          MemoryOrder::relaxed);
  }

 private:
  static constexpr std::uint32_t running = 0;
  static constexpr std::uint32_t armed = 1;     // Announced; about to sleep or asleep.
  static constexpr std::uint32_t notified = 2;  // A poster owes this sleep a wake.

  // The worker writes running and armed; the one poster that claims writes notified.
  Atomic<std::uint32_t> state_{running};
};

}  // namespace rota::inline v0
