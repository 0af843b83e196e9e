#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/wait_line.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <utility>

namespace rota::inline v0 {

class Event;

/// The leaf of `Event::wait`. Forty bytes of each task that is parked on an event.
class EventWait : public LineWait {
 public:
  static constexpr bool any_thread = true;

  explicit EventWait(Event& event) noexcept;

  bool start(Runnable& self) noexcept;
  Result<void> finish() const noexcept {
    if (stopped()) return failure(ECANCELED);
    return {};
  }

 private:
  [[nodiscard]] Event& event() const noexcept;
};
static_assert(sizeof(EventWait) == 40);

/// A flag that tasks wait for. Once set it stays set, and lets everybody through, until `reset`.
///
/// Thread class: *any thread*. `set` wakes in the order in which the waits began. A cancelled wait
/// ends with `operation_canceled` and loses nothing. The event must outlive its waiters.
class Event : private WaitRoom {
 public:
  Event() = default;
  ~Event() { check_usage(waiters_.empty(), "an Event was destroyed while tasks wait for it"); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  [[nodiscard]] Await<EventWait> wait() noexcept { return Await<EventWait>(std::in_place, *this); }
  void set() noexcept;
  void reset() noexcept;
  [[nodiscard]] bool is_set() const noexcept { return set_.load(MemoryOrder::acquire); }

 private:
  friend class EventWait;

  Atomic<bool> set_{false};  // written under line_lock; read without it by is_set
  WaitLine waiters_;         // under line_lock
};

inline EventWait::EventWait(Event& event) noexcept : LineWait(event) {}
inline Event& EventWait::event() const noexcept { return static_cast<Event&>(room()); }

}  // namespace rota::inline v0
