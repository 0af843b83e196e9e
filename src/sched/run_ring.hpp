#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/runnable.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>

namespace rota::inline v0 {

// How much a thief takes: half where tasks are short, so that one theft keeps it busy for long; one
// where the victim's tasks are long, since what lies behind a long task in the thief's own ring
// waits as long as it did before.
enum class StealAmount : std::uint8_t { half, one };

// A bounded FIFO of pointers with one owner and many thieves: the run queue of a worker whose tasks
// may be stolen. The ring owns nothing that it points at.
//
// Rules
//   1. Indices only grow, modulo 2^32; index i lies in slot i % capacity. The owner alone writes
//      `tail` and the slots, and a thief is the owner of the ring that it fills.
//   2. `head` packs two indices into one word: `real`, the oldest entry that nobody has claimed,
//      and `steal`, the oldest entry that somebody may still read. They differ while a thief
//      copies.
//   3. A thief claims by moving `real` alone, copies, and then lets go by making `steal` equal to
//      `real`. It starts only where the two are equal, so at most one thief is at work on a ring;
//      another one finds nothing, and goes to the next victim.
//   4. The owner pops in the midst of a theft: it moves `real` and leaves `steal`, and the thief
//      that lets go follows. No entry is claimed twice, since both compare the whole word.
//   5. A slot is free once `steal` has passed it. The owner compares with `steal`, never with
//      `real`, or it would write under the hands of a thief that copies.
//
// A thief that sleeps between its look at `head` and its claim, while the ring goes round by
// exactly 2^32 entries (40 s at the least), would claim by a stale count. With 16 bits that is a
// thing of milliseconds; with 32 the thread must also wake at one index of four thousand million.
//
// Rejected: a Chase-Lev deque (work_deque.hpp) is LIFO for its owner, which starves a task that
// yields; a ring with a sequence number per slot serves many producers, which nobody is here, for
// a line transfer per entry in place of one per theft.
template <class T, std::uint32_t capacity>
class alignas(128) StealRing {
  static_assert(std::has_single_bit(capacity) && capacity >= 2);

 public:
  // The first index is for tests that want to see indices wrap.
  explicit StealRing(std::uint32_t first_index = 0) noexcept
      : head_(pack({first_index, first_index})), tail_(first_index) {}
  StealRing(const StealRing&) = delete;
  StealRing& operator=(const StealRing&) = delete;

  // Owner. False when the ring is full, or about to have room again while a thief copies.
  [[nodiscard]] bool try_push(T& item) noexcept {
    const std::uint32_t tail = tail_.load(MemoryOrder::relaxed);  // Its own.
    if (room(tail) == 0) return false;
    slot(tail).store(&item, MemoryOrder::relaxed);
    // Release publishes the item and its slot to a thief that acquires the tail.
    tail_.store(tail + 1, MemoryOrder::release);
    return true;
  }

  // Owner. The oldest entry; null when there is none.
  [[nodiscard]] T* pop() noexcept {
    const std::uint32_t tail = tail_.load(MemoryOrder::relaxed);
    std::uint64_t seen = head_.load(MemoryOrder::relaxed);  // A guess; the exchange verifies it.
    for (;;) {
      const Head head = unpack(seen);
      if (head.real == tail) return nullptr;
      const std::uint32_t next = head.real + 1;
      if (advance(seen, {head.stolen_from() ? head.steal : next, next})) {  // Rule 4.
        return slot(head.real).load(MemoryOrder::relaxed);  // The owner's own writing.
      }
    }
  }

  // Any thread. Right for the owner as long as no thief comes; a guess for everybody else.
  [[nodiscard]] std::uint32_t size() const noexcept {
    // Acquire: the tail that follows is no older than this head (see advance), so that the
    // difference is not negative; it can be too large if the owner goes on between the two.
    const Head head = unpack(head_.load(MemoryOrder::acquire));
    return std::min(tail_.load(MemoryOrder::relaxed) - head.real, capacity);
  }
  // A worker that looks again before it sleeps needs no stronger order: IdleSet has the fences.
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  // A thief, which is the owner of `mine`. Takes the older half, rounded up, or one: the oldest is
  // returned, to be run at once, the others go into `mine` as far as there is room. Null when there
  // is nothing or another thief is at work.
  [[nodiscard]] T* steal_into(StealRing& mine, StealAmount amount) noexcept {
    assert(&mine != this);
    const std::uint32_t tail = mine.tail_.load(MemoryOrder::relaxed);
    const std::uint32_t most = amount == StealAmount::one ? 1 : mine.room(tail) + 1;
    const Claim claim = claim_half(most);
    if (claim.count == 0) return nullptr;
    T* oldest = slot(claim.first).load(MemoryOrder::relaxed);
    for (std::uint32_t i = 1; i < claim.count; ++i) {
      T* item = slot(claim.first + i).load(MemoryOrder::relaxed);
      mine.slot(tail + i - 1).store(item, MemoryOrder::relaxed);
    }
    let_go(claim);
    // Release: as in try_push, for the thieves of the thief.
    if (claim.count > 1) mine.tail_.store(tail + claim.count - 1, MemoryOrder::release);
    return oldest;
  }

 private:
  struct Head {
    std::uint32_t steal;
    std::uint32_t real;
    [[nodiscard]] bool stolen_from() const noexcept { return steal != real; }
  };
  struct Claim {
    std::uint32_t first;
    std::uint32_t count;
  };

  static constexpr std::uint64_t pack(Head head) noexcept {
    return std::uint64_t{head.steal} << 32 | head.real;
  }
  static constexpr Head unpack(std::uint64_t word) noexcept {
    return {static_cast<std::uint32_t>(word >> 32), static_cast<std::uint32_t>(word)};
  }

  Atomic<T*>& slot(std::uint32_t index) noexcept { return slots_[index % capacity]; }

  // Owner, with its own tail.
  [[nodiscard]] std::uint32_t room(std::uint32_t tail) const noexcept {
    // Acquire pairs with let_go: the thief has read the slots that are free now. Exchanges of the
    // owner in between continue the thief's release sequence.
    return capacity - (tail - unpack(head_.load(MemoryOrder::acquire)).steal);
  }

  bool advance(std::uint64_t& seen, Head to) noexcept {
    // Release: whoever sees this head also sees the tail that it was compared with, so that no
    // thief finds a tail behind `real` and takes the difference for four thousand million entries.
    // Nothing is to be acquired: the owner knows the tail and the slots.
    return head_.compare_exchange_strong(seen, pack(to), MemoryOrder::release,
                                         MemoryOrder::relaxed);
  }

  Claim claim_half(std::uint32_t most) noexcept {
    // Acquire pairs with advance and let_go: the tail that is loaded next is not behind this head.
    std::uint64_t seen = head_.load(MemoryOrder::acquire);
    for (;;) {
      const Head head = unpack(seen);
      if (head.stolen_from()) return {};
      // Acquire pairs with try_push: the slots below this tail are written.
      const std::uint32_t size = tail_.load(MemoryOrder::acquire) - head.real;
      const std::uint32_t count = std::min(size - size / 2, most);
      if (count == 0) return {};
      // Success means that the head has not moved, so `size` was true: the tail only grows. Relaxed
      // is enough then: what it needs was acquired, and nobody follows a head that is stolen from.
      if (head_.compare_exchange_strong(seen, pack({head.steal, head.real + count}),
                                        MemoryOrder::relaxed, MemoryOrder::acquire)) {
        return {head.real, count};
      }
    }
  }

  void let_go([[maybe_unused]] const Claim& claim) noexcept {
    std::uint64_t seen = head_.load(MemoryOrder::relaxed);
    for (;;) {
      const Head head = unpack(seen);
      assert(head.steal == claim.first && head.real - head.steal >= claim.count);
      // Release pairs with room, our reads of the slots before the owner's next writes; and with
      // claim_half of the next thief, which must not find a tail older than the one we saw.
      if (head_.compare_exchange_strong(seen, pack({head.real, head.real}), MemoryOrder::release,
                                        MemoryOrder::relaxed)) {
        return;
      }
    }
  }

  // Three neighbours that different threads write or read at different times; 128 bytes, since
  // processors fetch lines in pairs.
  //
  // Written by the owner (advance) and by the thief at work (claim_half, let_go).
  Atomic<std::uint64_t> head_;
  // Written by the owner, read by thieves.
  alignas(128) Atomic<std::uint32_t> tail_;
  // Written by the owner, read by the thief at work.
  alignas(128) std::array<Atomic<T*>, capacity> slots_;
};

// 256 entries, as many as tokio and Go have: 2 KiB, and a burst of wakes that fills it is worth a
// lock (run_queue.hpp).
using RunRing = StealRing<Runnable, 256>;

static_assert(alignof(RunRing) == 128);
static_assert(sizeof(RunRing) == 128 + 128 + 256 * sizeof(Atomic<Runnable*>));

}  // namespace rota::inline v0
