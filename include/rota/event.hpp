#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/list.hpp>
#include <rota/core/spin_lock.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <cstdint>

namespace rota::inline v0 {

class Event;

/// The leaf of `Event::wait`. Forty bytes of each task that is parked on an event.
class EventWait : public Leaf {
 public:
  explicit EventWait(Event& event) noexcept : event_(reinterpret_cast<std::uintptr_t>(&event)) {}

  bool start(Runnable& self) noexcept;
  void refuse() noexcept { event_.store(kStopped, MemoryOrder::relaxed); }
  Result<void> finish() const noexcept {
    if (event_.load(MemoryOrder::relaxed) == kStopped) return failure(ECANCELED);
    return {};
  }

  EventWait* next = nullptr;
  EventWait* prev = nullptr;

 private:
  friend class Event;

  // The event, and in the lowest bit whether this is in its list. Or kStopped. Written under the
  // event's lock; a canceller reads the pointer to find that lock, so each access is atomic, and
  // relaxed, as the pointer does not change under it and the bit is looked at under the lock.
  static constexpr std::uintptr_t kLinked = 1;
  static constexpr std::uintptr_t kStopped = 0;

  void stop() noexcept;
  [[nodiscard]] Event& event() const noexcept {
    return *reinterpret_cast<Event*>(event_.load(MemoryOrder::relaxed) & ~kLinked);
  }

  [[nodiscard]] bool linked() const noexcept {
    return (event_.load(MemoryOrder::relaxed) & kLinked) != 0;
  }
  void link() noexcept {
    event_.store(event_.load(MemoryOrder::relaxed) | kLinked, MemoryOrder::relaxed);
  }
  void unlink() noexcept {
    event_.store(event_.load(MemoryOrder::relaxed) & ~kLinked, MemoryOrder::relaxed);
  }

  Atomic<std::uintptr_t> event_;
};

/// A flag that tasks wait for. Once set it stays set, and lets everybody through, until `reset`.
///
/// Thread class: *any thread*. `set` wakes in the order in which the waits began. A cancelled wait
/// ends with `operation_canceled` and loses nothing. The event must outlive its waiters.
class Event {
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

  SpinLock lock_;
  Atomic<bool> set_{false};          // written under lock_; read without it by is_set
  LinkedList<EventWait> waiters_;    // under lock_; a node that is not linked was woken
};

}  // namespace rota::inline v0
