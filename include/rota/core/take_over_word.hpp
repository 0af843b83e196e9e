#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/spin_lock.hpp>

#include <cassert>
#include <cstdint>

namespace rota::inline v0 {

// Who owns a worker: the carrier that runs it, or somebody else because the carrier is inside a
// task for long: a taker, who gives it to a spare carrier for good, or a neighbour, who borrows it
// for as long as it takes to collect what its driver has. It lies in the carrier's seat, not in the
// worker, so that a carrier that comes back late disturbs nobody.
//
// Rules
//   1. The carrier may touch its worker only while the tick is even. It makes the tick odd around
//      each task it runs (enter_task, leave_task), and even again around each visit that the task
//      pays to the runtime (enter_runtime, leave_runtime). The two brackets never nest twice.
//   2. A taker samples an odd tick, sets `want` to wanting, runs a barrier on every core of the
//      process, and goes on only if the tick is still the one it sampled.
//   3. The barrier makes the pair "carrier: write tick, read want" and "taker: write want, read
//      tick" an asymmetric Dekker: either the carrier's read of want, once it has made the tick
//      even, sees wanting, or the taker sees a tick that has moved. So the carrier needs no
//      read-modify-write, only a signal fence that keeps the compiler from swapping its two.
//   4. The tick alone does not decide, for the carrier may come back right after the taker looked.
//      The compare-and-swap on `want` does: taker wanting -> taken, carrier wanting -> idle
//      (refused). One of the two succeeds, and the other one has lost the worker.
//   5. A carrier that lost answers false from every enter_runtime and leave_task until renew. It
//      touches the worker no more; what it has to tell it goes through an inbox.
//   6. A neighbour that borrows follows rules 2 to 4 with `borrowed` in the place of `taken`, and
//      gives back by itself. A carrier that finds its worker borrowed waits for that: what is done
//      with a borrowed worker is bounded and sleeps nowhere.
//   7. Each return to idle advances a generation in `want`. Without it a slow taker that was
//      refused could find the wanting of another one and take a worker whose carrier is in the
//      runtime. With it, takers on any number of threads are safe.
//
// Time stamps or a compare-and-swap per task were rejected: 9-14 ns per run against < 0.4 ns.
class TakeOverWord {
 public:
  TakeOverWord() noexcept = default;
  TakeOverWord(const TakeOverWord&) = delete;
  TakeOverWord& operator=(const TakeOverWord&) = delete;

  // Carrier, as it starts to run a task. From here on a taker may have the worker.
  void enter_task() noexcept { open(); }

  // Carrier, as the task has given up control. False: the worker is gone.
  [[nodiscard]] bool leave_task() noexcept { return close(); }

  // Carrier, inside a task that needs the worker; leave_runtime follows. False: the worker is gone,
  // take the foreign path, and nothing follows.
  [[nodiscard]] bool enter_runtime() noexcept { return close(); }

  // Carrier, back into the task.
  void leave_runtime() noexcept { open(); }

  // Carrier, holding no worker after a take-over: makes the seat ready for the next worker.
  void renew() noexcept {
    const std::uint64_t want = want_.load(MemoryOrder::relaxed);
    assert((want & state_mask) == taken);
    // Only the carrier writes when the state is taken. Release: a taker whose wanting follows this
    // store sees a seat that has been emptied.
    want_.store(idle_after(want), MemoryOrder::release);
  }

  // Carrier. True: it lost its worker and has not renewed the seat yet.
  [[nodiscard]] bool was_taken() const noexcept {
    return (want_.load(MemoryOrder::relaxed) & state_mask) == taken;
  }

  // Any thread. The tick, for a monitor that looks whether it moves. To take a worker over, sample
  // it first, then read which worker the seat carries (an atomic, since the carrier may change it
  // meanwhile), and pass the sample to try_take: success means that the tick has not moved, so what
  // was read in between still holds.
  [[nodiscard]] std::uint64_t sample() const noexcept {
    return tick_.load(MemoryOrder::acquire);  // Pairs with open: see there.
  }

  [[nodiscard]] static constexpr bool in_task(std::uint64_t tick) noexcept { return tick % 2 == 1; }

  // Any thread. True: the caller owns the worker that this seat carried, and the carrier has lost
  // it. False: nothing has changed. `barrier_everywhere` orders memory on every core that runs a
  // thread of this process: membarrier(2), PRIVATE_EXPEDITED.
  template <class Barrier>
  [[nodiscard]] bool try_take(std::uint64_t sampled, Barrier&& barrier_everywhere) noexcept {
    return try_become(taken, sampled, barrier_everywhere);
  }

  // Any thread but the carrier. True: the worker is the caller's until give_back.
  template <class Barrier>
  [[nodiscard]] bool try_borrow(std::uint64_t sampled, Barrier&& barrier_everywhere) noexcept {
    return try_become(borrowed, sampled, barrier_everywhere);
  }

  // The borrower.
  void give_back() noexcept {
    // Nobody but the borrower writes while the state is borrowed. Release pairs with refuse and
    // with the next taker: they see what was done with the worker.
    want_.store(idle_after(want_.load(MemoryOrder::relaxed)), MemoryOrder::release);
  }

 private:
  static constexpr std::uint64_t state_mask = 3;
  static constexpr std::uint64_t idle = 0;
  static constexpr std::uint64_t wanting = 1;
  static constexpr std::uint64_t taken = 2;
  static constexpr std::uint64_t borrowed = 3;

  // The next generation's idle.
  static constexpr std::uint64_t idle_after(std::uint64_t want) noexcept {
    return (want & ~state_mask) + state_mask + 1;
  }

  template <class Barrier>
  [[nodiscard]] bool try_become(std::uint64_t owned, std::uint64_t sampled,
                                Barrier&& barrier_everywhere) noexcept {
    if (!in_task(sampled)) {
      return false;
    }
    std::uint64_t want = want_.load(MemoryOrder::acquire);  // Pairs with renew and give_back.
    // Relaxed: the barrier that follows orders it, and another taker at work is reason to give up.
    if ((want & state_mask) != idle ||
        !want_.compare_exchange_strong(want, want | wanting, MemoryOrder::relaxed)) {
      return false;
    }
    want |= wanting;
    barrier_everywhere();  // Rule 3.
    const bool stuck = tick_.load(MemoryOrder::acquire) == sampled;
    // Rule 4. Failure means that the carrier has refused. Acquire and release, so that owners of
    // the worker follow each other in happens-before whichever way want went before.
    const std::uint64_t next = stuck ? ((want & ~state_mask) | owned) : idle_after(want);
    const bool mine =
        want_.compare_exchange_strong(want, next, MemoryOrder::acq_rel, MemoryOrder::relaxed);
    return stuck && mine;
  }

  void open() noexcept {
    const std::uint64_t tick = tick_.load(MemoryOrder::relaxed);  // The carrier's own.
    assert(!in_task(tick));
    // Release hands all that was done to the worker to a taker that samples this tick. It is the
    // same instruction as relaxed on x86, and it makes the hand-over visible to thread sanitizers
    // and to the explorer, which know nothing of membarrier.
    tick_.store(tick + 1, MemoryOrder::release);
  }

  bool close() noexcept {
    const std::uint64_t tick = tick_.load(MemoryOrder::relaxed);
    assert(in_task(tick));
    tick_.store(tick + 1, MemoryOrder::relaxed);
    signal_fence(MemoryOrder::seq_cst);  // Rule 3: this write before the next read.
    // Acquire pairs with give_back: the worker may have been borrowed and returned meanwhile.
    const std::uint64_t want = want_.load(MemoryOrder::acquire);
    if ((want & state_mask) == idle) [[likely]] {
      return true;
    }
    return refuse(want);
  }

  bool refuse(std::uint64_t want) noexcept {
    // Rule 4, the carrier's side. A failure is either a taker that succeeded or one that gave up
    // (and perhaps another one that came after it), so it is repeated until it is one or the other.
    for (SpinWait wait;;) {
      if ((want & state_mask) == borrowed) {
        wait.once();                              // Rule 6.
        want = want_.load(MemoryOrder::acquire);  // Pairs with give_back.
      } else if ((want & state_mask) != wanting) {
        return (want & state_mask) == idle;
      } else if (want_.compare_exchange_strong(want, idle_after(want), MemoryOrder::acq_rel,
                                               MemoryOrder::acquire)) {
        return true;
      }
    }
  }

  // Written by the carrier alone. Odd: inside a task.
  Atomic<std::uint64_t> tick_{0};

  // generation << 2 | state. idle -> wanting and wanting -> taken or borrowed by takers; wanting ->
  // idle by the taker that gives up or the carrier that refuses; taken -> idle by the carrier;
  // borrowed -> idle by the borrower.
  Atomic<std::uint64_t> want_{0};
};

}  // namespace rota::inline v0
