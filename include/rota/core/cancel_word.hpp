#pragma once

#include <rota/core/atomic.hpp>

#include <cassert>
#include <cstdint>

namespace rota::inline v0 {

// The one word by which a stop, a timeout and the completion of an operation agree when its waiter
// may go on. "Owner" is the worker on which the operation is in flight: it alone completes it and
// it alone may ask the driver to cancel.
//
// Rules
//   1. A canceller on any thread moves pending to cancelling. Of many one succeeds, and that one
//      posts the node embedded in the awaiting object to the owner's inbox. The others do nothing.
//   2. The owner receives the node. If the operation is still in flight, it asks the driver to
//      cancel it; the terminal completion still comes, with whatever result it has: success wins.
//   3. The waiter resumes when the terminal completion has arrived *and* the node, if one was
//      posted, has come back: the frame holds both and may vanish as soon as it resumes. Whichever
//      comes last resumes it; each of complete and node_returned says whether it is the last.
//   4. A canceller reaches the word through a registration (a stop token, a timer). The waiter
//      undoes it before the frame goes, and undoing it waits for a request in progress.
//
// Only the step out of pending is contested, so only it is a read-modify-write; every later state
// is written by the owner alone.
class CancelWord {
 public:
  // What the owner does with a node that has come back.
  enum class Returned : std::uint8_t {
    ask_driver,  // The operation is in flight: ask the driver to cancel it.
    resume_now,  // It had completed; the waiter goes on now.
  };

  CancelWord() noexcept = default;
  CancelWord(const CancelWord&) = delete;
  CancelWord& operator=(const CancelWord&) = delete;

  // Any thread. True: the caller posts the node to the owner's inbox, and may touch the awaiting
  // object until then.
  [[nodiscard]] bool request() noexcept { return leave_pending(cancelling); }

  // Owner, in place of request: no node needs to travel. True: the caller asks the driver to cancel
  // at once.
  [[nodiscard]] bool request_by_owner() noexcept { return leave_pending(asked); }

  // Owner, once, at the terminal completion. True: the waiter resumes now. False: a node is under
  // way and its return resumes the waiter.
  [[nodiscard]] bool complete() noexcept {
    if (leave_pending(done)) {
      return true;
    }
    // Relaxed from here on: only the owner writes once pending is left.
    if (word_.load(MemoryOrder::relaxed) == cancelling) {
      word_.store(completed, MemoryOrder::relaxed);
      return false;
    }
    assert(word_.load(MemoryOrder::relaxed) == asked);
    word_.store(done, MemoryOrder::relaxed);
    return true;
  }

  // Owner, once for each request that returned true, when the node arrives.
  [[nodiscard]] Returned node_returned() noexcept {
    if (word_.load(MemoryOrder::relaxed) == completed) {
      word_.store(done, MemoryOrder::relaxed);
      return Returned::resume_now;
    }
    assert(word_.load(MemoryOrder::relaxed) == cancelling);
    word_.store(asked, MemoryOrder::relaxed);
    return Returned::ask_driver;
  }

 private:
  static constexpr std::uint32_t pending = 0;
  static constexpr std::uint32_t cancelling = 1;  // A node is under way, the operation in flight.
  static constexpr std::uint32_t asked = 2;       // The driver knows, the operation is in flight.
  static constexpr std::uint32_t completed = 3;   // Completed; a node is still under way.
  static constexpr std::uint32_t done = 4;        // The waiter goes on.

  bool leave_pending(std::uint32_t to) noexcept {
    std::uint32_t seen = pending;
    // Release: what the winner did before is seen by whoever finds its state. Acquire on both
    // outcomes pairs with that; the frame's data itself travels with the node through the inbox.
    return word_.compare_exchange_strong(seen, to, MemoryOrder::acq_rel,
                                         MemoryOrder::acquire);
  }

  // Out of pending: one canceller or the owner. Afterwards: the owner.
  Atomic<std::uint32_t> word_{pending};
};

}  // namespace rota::inline v0
