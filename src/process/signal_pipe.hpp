#pragma once

#include <rota/core/atomic.hpp>

#include <cstdint>

namespace rota::inline v0 {

/// The fd that signal handlers write into, and how it is closed while they may be running.
///
/// Rules
///   1. A handler enters, writes into the fd that it was given if it got one, and leaves. It may
///      run in the middle of anything, on any thread, several at once.
///   2. Whoever closes withdraws the fd, waits until nobody is inside, and only then closes: a
///      handler that was given the number might write into whatever has it next.
///   3. Entering and looking for the fd on one side, withdrawing it and looking who is inside on
///      the other, are a store-buffering pair: all four are seq_cst, so that at least one side sees
///      the other.
///   4. A handler on the closer's own thread has left before the closer goes on, so that the wait
///      is for other threads only, and lasts as long as a write into a pipe that does not block.
///
/// To keep the pipes open for ever was rejected: both ends of each would have to stay, since a
/// write into a pipe without a reader is a SIGPIPE.
class SignalPipe {
 public:
  /// A handler's; 0: there is no pipe. Followed by `leave` in any case.
  [[nodiscard]] int enter() noexcept {
    inside_.fetch_add(1, MemoryOrder::seq_cst);
    return fd_.load(MemoryOrder::seq_cst);
  }
  void leave() noexcept {
    // Release pairs with the acquire of `unused`: the write into the fd comes before its close.
    inside_.fetch_sub(1, MemoryOrder::release);
  }

  [[nodiscard]] bool open() const noexcept { return fd_.load(MemoryOrder::relaxed) != 0; }
  /// Release pairs with `enter`: what was written before is seen by whoever got the fd.
  void publish(int fd) noexcept { fd_.store(fd, MemoryOrder::release); }
  [[nodiscard]] int withdraw() noexcept { return fd_.exchange(0, MemoryOrder::seq_cst); }
  [[nodiscard]] bool unused() const noexcept { return inside_.load(MemoryOrder::seq_cst) == 0; }

 private:
  Atomic<int> fd_{0};                  // Written by who opens and closes, under a lock of theirs.
  Atomic<std::uint32_t> inside_{0};    // Written by handlers.
};

}  // namespace rota::inline v0
