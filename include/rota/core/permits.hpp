#pragma once

#include <rota/core/permit_word.hpp>
#include <rota/core/wait_line.hpp>

#include <cstdint>

namespace rota::inline v0 {

/// A task that waits for some permits.
struct PermitWait : LineWait {
  PermitWait(WaitRoom& room, std::uint32_t count) noexcept : LineWait(room), wanted(count) {}

  const std::uint32_t wanted;
};

/// Permits that are handed out in the order in which they are asked for, however many each one
/// wants: nobody goes past a line (permit_word.hpp has the protocol). The untyped part of Mutex,
/// SharedMutex and Semaphore.
///
/// Any thread. Uncontended, taking and giving are one locked instruction each.
class Permits : public WaitRoom {
 public:
  explicit Permits(std::uint32_t count) noexcept : word_(count) {}

  /// Never waits, and never goes past somebody who does.
  [[nodiscard]] bool try_take(std::uint32_t wanted) noexcept { return word_.try_take(wanted); }
  /// The `start` of a leaf: true when `self` is parked until it has them.
  [[nodiscard]] bool start(PermitWait& wait, Runnable& self) noexcept {
    return !word_.try_take(wait.wanted) && take_slowly(wait, self);
  }
  /// For one whose task is parked already, on something else: true when it has them at once; else
  /// it stands in line, and whoever hands them to it wakes the task. Such a wait cannot be stopped.
  [[nodiscard]] bool take_parked(PermitWait& wait) noexcept;

  void give(std::uint32_t given) noexcept {
    if (!word_.try_give(given)) give_slowly(given);
  }

  /// Whether somebody stands in line; for destructors, when nobody else uses it any more.
  [[nodiscard]] bool anybody_waits() const noexcept { return word_.anybody_waits(); }
  /// How many are there now: a guess while others use it.
  [[nodiscard]] std::uint32_t available() const noexcept { return word_.permits(); }

 private:
  [[nodiscard]] bool take_slowly(PermitWait& wait, Runnable& self) noexcept;
  void give_slowly(std::uint32_t given) noexcept;
  static void stop(Leaf& leaf) noexcept;
  [[nodiscard]] WaitLine hand_out() noexcept;

  PermitWord word_;
  WaitLine line_;  // under line_lock; not empty while the word says that somebody waits
};
static_assert(!atomics_are_bare || sizeof(Permits) <= 2 * sizeof(void*));

}  // namespace rota::inline v0
