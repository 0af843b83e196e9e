#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/room_wait.hpp>
#include <rota/core/wait_line.hpp>

#include <utility>

namespace rota::inline v0 {

class Event;
/// The leaf of `Event::wait`. Forty bytes of each task that is parked on an event.
using EventWait = RoomWait<Event>;

/// A flag that tasks wait for. Once set it stays set, and lets everybody through, until `reset`.
///
/// `set` wakes in the order in which the waits began.
///
/// @threads any
/// @loses nothing
/// @owns it outlives its waiters
/// @errors none
class Event : private WaitRoom {
 public:
  Event() = default;
  ~Event() { check_usage(waiters_.empty(), "an Event was destroyed while tasks wait for it"); }

  [[nodiscard]] Await<EventWait> wait() noexcept { return Await<EventWait>(std::in_place, *this); }
  void set() noexcept;
  void reset() noexcept;
  [[nodiscard]] bool is_set() const noexcept { return set_.load(MemoryOrder::acquire); }

 private:
  friend class RoomWait<Event>;

  [[nodiscard]] bool lets_through() const noexcept { return set_.load(MemoryOrder::relaxed); }

  Atomic<bool> set_{false};  // written under line_lock; read without it by is_set
  WaitLine waiters_;         // under line_lock
};
static_assert(!atomics_are_bare || sizeof(EventWait) == 40);

}  // namespace rota::inline v0
