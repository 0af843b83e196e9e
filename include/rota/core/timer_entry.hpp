#pragma once

#include <cstdint>

namespace rota::inline v0 {

/// The links of a circular list. A list's own head is one too, which is why they stand apart from
/// the entry: an entry leaves whatever list it is in without knowing which.
struct TimerLink {
  TimerLink* next = nullptr;
  TimerLink* prev = nullptr;
};

/// One timer: a member of whatever waits for it, so arming allocates nothing. Its owner keeps it
/// alive and in place while it is armed. One thread at a time: the wheel's.
struct TimerEntry : TimerLink {
  using Fire = void (*)(TimerEntry&) noexcept;

  std::int64_t due_ns = 0;
  std::uint16_t place = 0;  ///< the wheel's own: the slot this is in
  Fire fire;  ///< called by the worker once the timer is due and no longer armed

  explicit TimerEntry(Fire on_due) noexcept : fire(on_due) {}
  TimerEntry(const TimerEntry&) = delete;
  TimerEntry& operator=(const TimerEntry&) = delete;

  /// From insertion until it is removed or taken from the list of due timers to be fired.
  [[nodiscard]] bool armed() const noexcept { return next != nullptr; }
};
static_assert(sizeof(TimerEntry) <= 48);

}  // namespace rota::inline v0
