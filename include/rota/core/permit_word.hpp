#pragma once

#include <rota/core/atomic.hpp>

#include <cassert>
#include <cstdint>

namespace rota::inline v0 {

// How many permits there are, and whether anybody waits for some. A Mutex is one permit; a
// Semaphore any number; a SharedMutex as many as there can be readers, all of which a writer takes.
//
// Rules
//   1. While nobody waits the word belongs to everybody: a taker lowers it if it has enough, a
//      giver raises it, each by one compare-and-swap.
//   2. A taker that finds too little, or that somebody waits, takes the lock of the line and looks
//      again: `take_or_wait` either takes after all or says that it must wait, and then the word
//      says so too. That step is a compare-and-swap of the very value that was found too little, so
//      no permit that is given meanwhile is missed.
//   3. While somebody waits the word belongs to whoever holds the lock. So nobody goes past the
//      line, and there are never enough permits for the first in it. A giver takes the lock and
//      `give_locked`s, and then hands out, from the front, for as long as the first has enough
//      (`take_locked`). Who has emptied the line says so (`end_waiting`).
//   4. A giver that has taken the lock in vain, because the last waiter was stopped meanwhile,
//      releases it and goes on by rule 1: once the permits are there others may take them and free
//      the whole, so the word and the lock are not touched after that.
//   5. A stop takes its wait out of the line under the lock. The one behind it may want less, so it
//      hands out as a giver does.
//
// Orders. A taker's acquire pairs with the release of every giver whose permits it may have: takers
// and givers are read-modify-writes, which go on with the release sequences of those before. The
// plain stores of rule 3 do not, so the step of rule 2 that hands the word to the lock acquires
// what was given before it, and `end_waiting` releases it again. What is handed to a waiter is
// ordered by the lock and by its wake.
class PermitWord {
 public:
  static constexpr std::uint32_t kMost = 0x7fffffff;

  explicit PermitWord(std::uint32_t permits) noexcept : word_(of(permits)) {}
  PermitWord(const PermitWord&) = delete;
  PermitWord& operator=(const PermitWord&) = delete;

  // Rule 1. False: too few, or somebody waits. Any thread.
  [[nodiscard]] bool try_take(std::uint32_t wanted) noexcept {
    std::uint32_t seen = word_.load(MemoryOrder::relaxed);
    while (has(seen, wanted)) {
      if (word_.compare_exchange_weak(seen, seen - of(wanted), MemoryOrder::acquire,
                                      MemoryOrder::relaxed)) {
        return true;
      }
    }
    return false;
  }
  // Rule 1. False: somebody waits. Any thread.
  [[nodiscard]] bool try_give(std::uint32_t given) noexcept {
    std::uint32_t seen = word_.load(MemoryOrder::relaxed);
    while ((seen & kWaits) == 0) {
      assert(permits_of(seen) <= kMost - given);
      if (word_.compare_exchange_weak(seen, seen + of(given), MemoryOrder::release,
                                      MemoryOrder::relaxed)) {
        return true;
      }
    }
    return false;
  }

  enum class Taken : bool { no, yes };

  // Rule 2, under the lock. No: the caller stands in the line from now on.
  [[nodiscard]] Taken take_or_wait(std::uint32_t wanted) noexcept {
    std::uint32_t seen = word_.load(MemoryOrder::relaxed);
    while ((seen & kWaits) == 0) {
      const bool enough = has(seen, wanted);
      const std::uint32_t next = enough ? seen - of(wanted) : seen | kWaits;
      if (word_.compare_exchange_weak(seen, next, MemoryOrder::acquire, MemoryOrder::relaxed)) {
        return enough ? Taken::yes : Taken::no;
      }
    }
    return Taken::no;
  }

  // Rule 3, under the lock, while somebody waits.
  void give_locked(std::uint32_t given) noexcept {
    assert(anybody_waits() && permits() <= kMost - given);
    set(word_.load(MemoryOrder::relaxed) + of(given));
  }
  [[nodiscard]] bool take_locked(std::uint32_t wanted) noexcept {
    assert(anybody_waits());
    if (permits() < wanted) return false;
    set(word_.load(MemoryOrder::relaxed) - of(wanted));
    return true;
  }
  void end_waiting() noexcept {
    word_.store(word_.load(MemoryOrder::relaxed) & ~kWaits, MemoryOrder::release);
  }

  // Under the lock it stays true; without it this is a guess.
  [[nodiscard]] bool anybody_waits() const noexcept {
    return (word_.load(MemoryOrder::relaxed) & kWaits) != 0;
  }
  // A guess.
  [[nodiscard]] std::uint32_t permits() const noexcept {
    return permits_of(word_.load(MemoryOrder::relaxed));
  }

 private:
  static constexpr std::uint32_t kWaits = 1;

  static constexpr std::uint32_t of(std::uint32_t permits) noexcept { return permits << 1; }
  static constexpr std::uint32_t permits_of(std::uint32_t word) noexcept { return word >> 1; }
  static constexpr bool has(std::uint32_t word, std::uint32_t wanted) noexcept {
    return (word & kWaits) == 0 && permits_of(word) >= wanted;
  }
  void set(std::uint32_t word) noexcept { word_.store(word, MemoryOrder::relaxed); }

  // By rule 1 whoever takes or gives; by rule 3 whoever holds the lock of the line.
  Atomic<std::uint32_t> word_;
};

}  // namespace rota::inline v0
