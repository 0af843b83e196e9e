#include "sched/worker.hpp"

#include "time/timer_list.hpp"

namespace rota::inline v0 {

namespace {

/// The lock of a wheel that other workers disarm timers of. Where tasks stay nobody does.
class WheelGuard {
 public:
  WheelGuard(SpinLock& lock, bool shared) noexcept : lock_(shared ? &lock : nullptr) {
    if (lock_ != nullptr) lock_->lock();
  }
  ~WheelGuard() {
    if (lock_ != nullptr) lock_->unlock();
  }
  WheelGuard(const WheelGuard&) = delete;
  WheelGuard& operator=(const WheelGuard&) = delete;

 private:
  SpinLock* lock_;
};

}  // namespace

void Worker::insert_timer(TimerEntry& entry, Instant due) noexcept {
  WheelGuard guard(timers_lock_, moves_tasks_);
  timers_.insert(entry, due);
}

void Worker::remove_timer(TimerEntry& entry) noexcept {
  WheelGuard guard(timers_lock_, moves_tasks_);
  if (entry.armed()) timers_.remove(entry);
}

Deadline Worker::next_timer() noexcept {
  WheelGuard guard(timers_lock_, moves_tasks_);
  return timers_.next();
}

void Worker::expire_timers(Instant now) noexcept {
  if (timers_.empty()) return;
  TimerList due;
  {
    WheelGuard guard(timers_lock_, moves_tasks_);
    timers_.expire(now, due);
  }
  while (fire_some(due)) {
  }
  take_back_stops();
}

/// A timer fires under the lock, or the task that disarms it from elsewhere would go on while it is
/// about to be touched. What fires makes a task ready or sends it a stop: no user code. A few at a
/// time, so that whoever disarms one does not wait for all. False: that was the last.
bool Worker::fire_some(TimerList& due) noexcept {
  constexpr int kAtOnce = 64;
  WheelGuard guard(timers_lock_, moves_tasks_);
  for (int i = 0; i < kAtOnce; ++i) {
    TimerEntry* entry = due.pop_front();
    if (entry == nullptr) return false;
    counters_.timers_fired += 1;
    entry->fire(*entry);
  }
  return true;
}

}  // namespace rota::inline v0
