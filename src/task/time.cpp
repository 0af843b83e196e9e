#include <rota/core/check_usage.hpp>
#include <rota/time.hpp>

#include "sched/worker.hpp"

#include <cstddef>

namespace rota::inline v0 {

bool SleepLeaf::start(Runnable& self) noexcept {
  waiter = &self;
  cancel = [](Leaf& leaf) noexcept { static_cast<SleepLeaf&>(leaf).stop(); };
  timer_.leaf = this;
  const Instant due = absolute_ ? Instant{span_.ns} : home_now(self) + span_;
  arm_timer(self, timer_, coalesced(due, slack_));
  park(*this);
  return true;
}

Result<void> SleepLeaf::finish() const noexcept {
  if (stopped_) return failure(ECANCELED);
  return {};
}

void SleepLeaf::fire(TimerEntry& entry) noexcept {
  requeue(*static_cast<Timer&>(entry).leaf->waiter);
}

void SleepLeaf::stop() noexcept {
  disarm_timer(*waiter->task->home, timer_);
  stopped_ = true;
  requeue(*waiter);
}

void TimeoutRegion::arm(const Runnable& self, Instant due) noexcept {
  task_ = self.task;
  timer_.region = this;
  armed_by_ = &arm_timer(self, timer_, due);
}

void TimeoutRegion::fire(TimerEntry& entry) noexcept {
  TimeoutRegion& region = *static_cast<Timer&>(entry).region;
  region.expired_ = true;
  region.requested.store(true, MemoryOrder::relaxed);
  notify_stop(*region.task_);
}

Runnable& TimedWait::open(Runnable& self) noexcept {
  waiter_ = &self;
  door_.wait = this;
  door_.resume = pass;
  door_.task = self.task;
  region_.outer = self.task->region;
  self.task->region = &region_;
  return door_;
}

void TimedWait::arm() noexcept {
  region_.arm(door_, absolute_ ? Instant{limit_.ns} : home_now(door_) + limit_);
  is_armed_.store(true, MemoryOrder::release);  // The last that is done with the leaf here.
}

void TimedWait::close() noexcept { door_.task->region = region_.outer; }

void TimedWait::pass(Runnable& door) noexcept {
  TimedWait& wait = *static_cast<Door&>(door).wait;
  // The leaf may have been complete, and its task stolen, before the timer was set.
  for (SpinWait spin; !wait.is_armed_.load(MemoryOrder::acquire);) spin.once();
  Seat* seat = begin_leaf(current_seat());
  if (seat == nullptr) [[unlikely]] {
    // The worker, and with it the timer, went on without this thread.
    rejoin(door, nullptr, pass);
    return;
  }
  wait.region_.disarm();
  wait.close();
  end_leaf(*seat);
  wait.waiter_->resume(*wait.waiter_);
}

Instant now() noexcept {
  const TaskHeader* task = current_task();
  check_usage(task != nullptr, "now() reads the clock of a task's worker; it works only in a task");
  return task->home->driver().now();
}

}  // namespace rota::inline v0
