#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/leaf.hpp>
#include <rota/core/list.hpp>
#include <rota/core/spin_lock.hpp>
#include <rota/core/waker.hpp>
#include <rota/core/worker_calls.hpp>

#include <cstdint>
#include <utility>

namespace rota::inline v0 {

struct LineWait;
/// Those who wait for one thing, in the order in which they began to.
using WaitLine = LinkedList<LineWait>;

/// The lock of one or more lines: a base of whatever tasks stand in line for.
struct alignas(8) WaitRoom {
  WaitRoom() = default;
  WaitRoom(const WaitRoom&) = delete;
  WaitRoom& operator=(const WaitRoom&) = delete;

  SpinLock line_lock;
};

// A leaf that stands in line: what every wait for an Event, a Channel, a Mutex and their kin is.
//
// Rules
//   1. A wait stands in at most one line. It is put there, and taken out, under the lock of its
//      room. It is parked before it stands there, for from then on another thread may end it.
//   2. Whoever takes it out of the line ends it: makes its task ready, once, after the lock. What
//      the wait is handed is written under the lock, before that.
//   3. A stop that finds the wait in line takes it out and ends it; one that does not leaves it
//      alone, for its wake is on the way: success wins.
//   4. The frame that holds the wait lives until its task is ready, so what is needed of it is read
//      before that. The room lives until every wait in it has ended and its task has gone on.
//   5. Where tasks move, the home keeps the task from running while it stops the wait
//      (home_word.hpp, rule 2), so the wait and its room are there for as long as the stop looks.
//
// All of it costs five words of the frame that waits.
struct LineWait : Leaf {
  explicit LineWait(WaitRoom& room) noexcept : word_(reinterpret_cast<std::uintptr_t>(&room)) {}

  LineWait* next = nullptr;
  LineWait* prev = nullptr;

  [[nodiscard]] WaitRoom& room() const noexcept {
    return *reinterpret_cast<WaitRoom*>(word_.load(MemoryOrder::relaxed) & ~kBits);
  }
  /// To another room, which it does not stand in yet.
  void move_to(WaitRoom& to) noexcept {
    word_.store(reinterpret_cast<std::uintptr_t>(&to) | (bits() & kBits), MemoryOrder::relaxed);
  }

  // --- Under the lock of the room --------------------------------------------------------------

  /// Parks `self` at the end of `line`; `on_stop` is what a stop does.
  void park_in(WaitLine& line, Runnable& self, void (*on_stop)(Leaf&) noexcept) noexcept {
    waiter = &self;
    cancel = on_stop;
    park(*this);
    stand_in(line);
  }
  /// For one that is parked already.
  void stand_in(WaitLine& line) noexcept {
    mark(kStands);
    line.push_back(*this);
  }
  [[nodiscard]] bool stands() const noexcept { return (bits() & kStands) != 0; }
  /// Takes the first one out of the line, for the caller to end; null when there is none.
  [[nodiscard]] static LineWait* take_first(WaitLine& line) noexcept {
    LineWait* first = line.pop_front();
    if (first != nullptr) first->unmark(kStands);
    return first;
  }
  /// Takes all of them.
  [[nodiscard]] static WaitLine take_all(WaitLine& line) noexcept {
    WaitLine all = std::move(line);
    for (LineWait* wait = all.front(); wait != nullptr; wait = wait->next) wait->unmark(kStands);
    return all;
  }
  /// A stop takes it out of the line. False: it does not stand there any more.
  [[nodiscard]] bool leave(WaitLine& line) noexcept {
    if (!stands()) return false;
    unmark(kStands);
    mark(kStopped);
    line.remove(*this);
    return true;
  }

  // --- Without it ------------------------------------------------------------------------------

  /// What a stop does where nothing but a place in `line` is given up.
  void stop_in(WaitLine& line) noexcept;
  /// Ends what was taken out of a line. Null does nothing.
  static void wake(LineWait* taken) noexcept {
    if (taken != nullptr) Waker(*taken->waiter).wake();
  }
  static void wake_all(WaitLine&& taken) noexcept;

  /// How it ended. By its task; before that by whoever ends it, under the lock.
  void refuse() noexcept { mark(kStopped); }
  void fail() noexcept { mark(kFailed); }
  [[nodiscard]] bool stopped() const noexcept { return (bits() & kStopped) != 0; }
  [[nodiscard]] bool failed() const noexcept { return (bits() & kFailed) != 0; }

 private:
  static constexpr std::uintptr_t kStands = 1;
  static constexpr std::uintptr_t kStopped = 2;
  static constexpr std::uintptr_t kFailed = 4;
  static constexpr std::uintptr_t kBits = alignof(WaitRoom) - 1;

  [[nodiscard]] std::uintptr_t bits() const noexcept { return word_.load(MemoryOrder::relaxed); }
  void mark(std::uintptr_t bit) noexcept { word_.store(bits() | bit, MemoryOrder::relaxed); }
  void unmark(std::uintptr_t bit) noexcept { word_.store(bits() & ~bit, MemoryOrder::relaxed); }

  // The room, and in the lowest bits how the wait stands. Written under the room's lock; a stop
  // reads the pointer to find that lock, so each access is atomic, and relaxed, as the pointer does
  // not change under it and the bits are looked at under the lock.
  Atomic<std::uintptr_t> word_;
};
static_assert(!atomics_are_bare || sizeof(LineWait) <= 5 * sizeof(void*));

}  // namespace rota::inline v0
