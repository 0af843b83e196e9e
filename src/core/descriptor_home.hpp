#pragma once

#include <rota/core/atomic.hpp>

#include <cassert>
#include <cstdint>

namespace rota::inline v0 {

class Worker;

// Which worker's driver knows a Descriptor, and how many are at work on it. Where tasks never
// move it is read like any pointer; the rules are for a runtime whose workers steal.
//
// Rules
//   1. Whoever is about to use the Descriptor enters, and leaves once its operation is complete.
//      The home's driver enters too, for a report that may come when nobody waits (`try_hold`).
//   2. Nobody inside: who enters takes the Descriptor home, if the drivers allow that. So an idle
//      connection follows its task. Else who enters from another worker is a visitor: it may make
//      a system call of its own on the fd, and touches no other field.
//   3. A visitor whose call would block becomes a user: it takes the Descriptor home if it is
//      alone by now, else its operation is sent to the home and stays inside all the while.
//   4. With anybody inside the home does not change. So all fields of a Descriptor belong to the
//      home's driver while it has something to do with it, and are handed on with the home.
//   5. Who closes sets `closing`: from then on nobody enters and the home stays. The home starts
//      the close once all that is inside is known to it (Descriptor::users), that is, once every
//      visitor has left or its operation has arrived: no call can hit whoever gets the number next.
//      Nor does the home's driver hold what is closing, whose operations the close ends anyway: a
//      hold could last until the place is given out anew, and its leave would be the next owner's.
//   6. Where tasks never move homes move only when somebody asks for it. Then only those inside are
//      counted who come from another worker, among the users once their operation has arrived; what
//      is the home's own the home sees in the fields.
//      The old home makes its driver forget the Descriptor and hands it on, alone and from inside
//      (`try_hand_over`), so that whoever finds itself the home finds the fields in order.
class DescriptorHome {
 public:
  enum class Entry : std::uint8_t {
    here,    // The caller's worker is the home.
    moved,   // It has just become the home; `from` was.
    away,    // The home is another worker.
    closed,  // Nobody enters any more.
  };
  struct Entered {
    Entry entry;
    Worker* from;
  };
  enum class Move : bool { forbidden, allowed };

  DescriptorHome() noexcept = default;
  DescriptorHome(const DescriptorHome&) = delete;
  DescriptorHome& operator=(const DescriptorHome&) = delete;

  // Lasting for whoever is inside, and where tasks do not move for the home itself. Acquire: who
  // finds itself the home sees what the one before did (rule 6).
  [[nodiscard]] Worker* at() const noexcept { return worker_of(word_.load(MemoryOrder::acquire)); }
  operator Worker*() const noexcept { return at(); }  // NOLINT(google-explicit-constructor)
  Worker* operator->() const noexcept { return at(); }

  // Before anybody else knows the Descriptor, or after all have left.
  void set(Worker* worker) noexcept { word_.store(word_of(worker), MemoryOrder::relaxed); }

  // A worker, for a task that runs on it (rules 1 and 2).
  [[nodiscard]] Entered enter(Worker* worker, Move move) noexcept {
    return settle_in(worker, move, 0);
  }
  // A visitor (rule 3). `away`: its operation is to be sent to the home, which is a user's now.
  [[nodiscard]] Entered stay(Worker* worker, Move move) noexcept {
    return settle_in(worker, move, 1);
  }
  void leave() noexcept {
    // Release hands the fields to whoever takes the Descriptor home next.
    const std::uint64_t before = word_.fetch_sub(1, MemoryOrder::release);
    assert((before & inside_mask) != 0);
    static_cast<void>(before);
  }

  // The driver of `worker`. False: the Descriptor has another home by now, or is closing.
  [[nodiscard]] bool try_hold(Worker* worker) noexcept {
    std::uint64_t seen = word_.load(MemoryOrder::relaxed);
    do {
      if (worker_of(seen) != worker || (seen & closing) != 0) return false;
      // Acquire pairs with the last leave.
    } while (
        !word_.compare_exchange_weak(seen, seen + 1, MemoryOrder::acquire, MemoryOrder::relaxed));
    return true;
  }

  // The home, which is inside (rule 6). True: it is no more, neither home nor inside. False: others
  // are inside, or it is being closed; nothing has changed.
  [[nodiscard]] bool try_hand_over(Worker* from, Worker* to) noexcept {
    std::uint64_t seen = word_of(from) + 1;
    // Release hands on the fields; acquire pairs with the last leave.
    return word_.compare_exchange_strong(seen, word_of(to), MemoryOrder::acq_rel,
                                         MemoryOrder::relaxed);
  }

  // The owner, once (rule 5). Yields the home, which stays.
  Worker* begin_close() noexcept {
    return worker_of(word_.fetch_or(closing, MemoryOrder::relaxed));
  }
  [[nodiscard]] bool is_closing() const noexcept {
    return (word_.load(MemoryOrder::relaxed) & closing) != 0;
  }
  // The home. Acquire pairs with the leave of every visitor.
  [[nodiscard]] std::uint64_t inside() const noexcept {
    return word_.load(MemoryOrder::acquire) & inside_mask;
  }

 private:
  // A worker's address, which is aligned to 128 and has 48 bits at most, in the upper 41.
  static constexpr unsigned inside_bits = 22;  // Four million operations: more than fit in memory.
  static constexpr unsigned address_shift = 7;
  static constexpr std::uint64_t inside_mask = (std::uint64_t{1} << inside_bits) - 1;
  static constexpr std::uint64_t closing = std::uint64_t{1} << inside_bits;
  static constexpr unsigned worker_shift = inside_bits + 1;

  static std::uint64_t word_of(Worker* worker) noexcept {
    return std::uint64_t{reinterpret_cast<std::uintptr_t>(worker)} >> address_shift << worker_shift;
  }
  static Worker* worker_of(std::uint64_t word) noexcept {
    return reinterpret_cast<Worker*>(word >> worker_shift << address_shift);
  }

  // `own`: how many of those inside are the caller.
  Entered settle_in(Worker* worker, Move move, std::uint64_t own) noexcept {
    std::uint64_t seen = word_.load(MemoryOrder::relaxed);
    for (;;) {
      if ((seen & closing) != 0 && own == 0) return {Entry::closed, nullptr};
      Worker* home = worker_of(seen);
      const bool alone = (seen & (inside_mask | closing)) == own;
      const bool moves = home != worker && alone && move == Move::allowed;
      const std::uint64_t next = moves ? word_of(worker) + 1 : seen + 1 - own;
      assert((next & inside_mask) != 0);
      // Acquire pairs with the last leave, which handed on the fields.
      if (word_.compare_exchange_weak(seen, next, MemoryOrder::acquire, MemoryOrder::relaxed)) {
        if (moves) return {Entry::moved, home};
        return {home == worker ? Entry::here : Entry::away, home};
      }
    }
  }

  // Whoever enters, leaves and closes.
  Atomic<std::uint64_t> word_{0};
};

}  // namespace rota::inline v0
