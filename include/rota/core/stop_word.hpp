#pragma once

#include <rota/core/atomic.hpp>

#include <cstdint>

namespace rota::inline v0 {

// What those who stop a task, its home worker and whoever frees its header agree through: nothing
// that was asked is missed, and the header is not freed while the home looks at it. A stop travels
// as the node that is embedded in the header, so there is at most one under way.
//
// Rules
//   1. An asker (any thread that keeps the header alive meanwhile) first writes what it asks for: a
//      region's flag, or the bit in this word. Then it sets posted and asked in one step. Whoever
//      set posted sends the node to the home; the others know that it is under way.
//   2. The home takes the node and looks at the task: begin_look clears asked, then it reads all
//      that may have been asked, then end_look clears posted. It does so only while asked is clear:
//      who asked after begin_look found posted set and sent nothing, so the home looks again.
//   3. The header is freed once, by the last to let go of it, after which nobody asks. If posted is
//      set then, it leaves the freeing to the home, which does it once it has cleared posted.
//   4. So posted is set for as long as the home may touch the header: unless it frees, clearing it
//      is the last that it does with it.
//
// To clear posted first and to look afterwards needs no second bit and was the first version. It is
// wrong: a handle that is dropped between the two finds no node under way and frees the header that
// the home is about to look at.
//
// `failed` is no part of the protocol. It has to be atomic and has no other room: a task that was
// taken over fails on one thread while its home looks at it on another.
class StopWord {
 public:
  StopWord() noexcept = default;
  StopWord(const StopWord&) = delete;
  StopWord& operator=(const StopWord&) = delete;

  // Asker: the whole task must stop. True: the caller sends the node.
  [[nodiscard]] bool request() noexcept { return ask(requested | posted | asked); }

  // Asker: a region of the task was requested; its flag is set. True: the caller sends the node.
  [[nodiscard]] bool request_look() noexcept { return ask(posted | asked); }

  [[nodiscard]] bool is_requested() const noexcept {
    // Relaxed: level-triggered; who must act on it is told by the node.
    return (word_.load(MemoryOrder::relaxed) & requested) != 0;
  }

  // Home, with the node in its hands.
  void begin_look() noexcept {
    // Acquire pairs with ask: the flags of all whose asked is cleared here are seen.
    word_.fetch_and(~asked, MemoryOrder::acquire);
  }

  // What the home does when it has looked.
  enum class Looked : std::uint8_t {
    again,  // Somebody asked meanwhile.
    kept,   // The node is back; the header must not be touched any more.
    free,   // The node is back and nobody holds the task: free it.
  };
  [[nodiscard]] Looked end_look() noexcept {
    std::uint32_t seen = word_.load(MemoryOrder::relaxed);  // A guess; the exchange verifies it.
    do {
      if ((seen & asked) != 0) return Looked::again;
      // Release: the look comes before the free by whoever finds posted clear. Acquire pairs with
      // leave, so that what the leaver did comes before the free by the home.
    } while (!word_.compare_exchange_weak(seen, seen & ~posted, MemoryOrder::acq_rel,
                                          MemoryOrder::relaxed));
    return (seen & free_on_return) != 0 ? Looked::free : Looked::kept;
  }

  // The last to let go of the task, once. True: the caller frees. False: the home will.
  [[nodiscard]] bool leave() noexcept {
    // Nobody asks any more, so posted can only be cleared. Acquire pairs with end_look.
    if ((word_.load(MemoryOrder::acquire) & posted) == 0) [[likely]] return true;
    return (word_.fetch_or(free_on_return, MemoryOrder::acq_rel) & posted) == 0;
  }

  // The task, or who joined it. Relaxed: its readers are the same.
  void set_failed() noexcept { word_.fetch_or(failed, MemoryOrder::relaxed); }
  void clear_failed() noexcept { word_.fetch_and(~failed, MemoryOrder::relaxed); }
  [[nodiscard]] bool has_failed() const noexcept {
    return (word_.load(MemoryOrder::relaxed) & failed) != 0;
  }

 private:
  static constexpr std::uint32_t requested = 1;       // The whole task must stop; never cleared.
  static constexpr std::uint32_t posted = 2;          // The node is on its way, or at the home.
  static constexpr std::uint32_t asked = 4;           // The home has not begun to look at it.
  static constexpr std::uint32_t free_on_return = 8;  // The home frees once posted is clear.
  static constexpr std::uint32_t failed = 16;

  bool ask(std::uint32_t bits) noexcept {
    // Release pairs with begin_look. Acquire: the node's last return comes before it is sent again.
    return (word_.fetch_or(bits, MemoryOrder::acq_rel) & posted) == 0;
  }

  // Askers and the leaver set bits; the home clears posted and asked; the task sets and clears
  // failed.
  Atomic<std::uint32_t> word_{0};
};

}  // namespace rota::inline v0
