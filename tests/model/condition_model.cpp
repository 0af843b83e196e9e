#include "model/expect.hpp"
#include "model/permit_gate.hpp"

#include <rota/core/permit_word.hpp>
#include <rota/core/spin_lock.hpp>

namespace rota {
namespace {

using model::Failure;
using model::Gate;
using model::PermitWaiter;

enum class Fault {
  none,
  unlocks_before_it_stands,
  notify_wakes_without_the_mutex,
  notify_leaves_it_in_line,
  stop_wakes_without_the_mutex,
  stop_does_not_look,
};

// A wait that stands in two lines, one after the other.
struct ConditionWaiter : PermitWaiter {
  ConditionWaiter() : PermitWaiter(1) {}

  model::Plain<bool> in_condition{false};
  model::Plain<ConditionWaiter*> behind{nullptr};
};

// The steps of ConditionVariable (src/sync/condition_variable.cpp) over a mutex's permit.
template <Fault fault>
struct Condition {
  SpinLock lock;
  model::Plain<ConditionWaiter*> first{nullptr};

  Condition() { model::label(lock, "condition"); }

  // With the mutex. Parked afterwards.
  void start(ConditionWaiter& waiter, Gate<PermitWord>& mutex) {
    if constexpr (fault == Fault::unlocks_before_it_stands) mutex.give(1);
    {
      SpinGuard guard(lock);
      waiter.parked = true;
      waiter.in_condition = true;
      ConditionWaiter* last = first;
      if (last == nullptr) {
        first = &waiter;
      } else {
        while (last->behind != nullptr) last = last->behind;
        last->behind = &waiter;
      }
    }
    if constexpr (fault != Fault::unlocks_before_it_stands) mutex.give(1);
  }
  void wait(ConditionWaiter& waiter, Gate<PermitWord>& mutex) {
    start(waiter, mutex);
    waiter.ready.wait();
  }
  void notify_one(Gate<PermitWord>& mutex) {
    ConditionWaiter* waiter = nullptr;
    {
      SpinGuard guard(lock);
      waiter = first;
      if (waiter == nullptr) return;
      first = static_cast<ConditionWaiter*>(waiter->behind);
      if constexpr (fault != Fault::notify_leaves_it_in_line) waiter->in_condition = false;
    }
    if (fault == Fault::notify_wakes_without_the_mutex || mutex.take_parked(*waiter)) {
      waiter->wake();
    }
  }
  // The home, which keeps the task from running meanwhile.
  void stop(ConditionWaiter& waiter, Gate<PermitWord>& mutex) {
    {
      SpinGuard guard(lock);
      if (!waiter.in_condition && fault != Fault::stop_does_not_look) return;
      waiter.in_condition = false;
      waiter.stopped = true;
      if (first == &waiter) first = static_cast<ConditionWaiter*>(waiter.behind);
    }
    if (fault == Fault::stop_wakes_without_the_mutex || mutex.take_parked(waiter)) waiter.wake();
  }
};

// One waits until a flag is set; another sets it and notifies, after it has unlocked.
template <Fault fault>
void a_flag_is_set() {
  Gate<PermitWord> mutex(1);
  Condition<fault> changed;
  model::Plain<bool> flag{false};
  model::label(flag, "flag");
  model::Thread setter = model::spawn("setter", [&] {
    PermitWaiter locks(1);
    mutex.take(locks);
    flag = true;
    mutex.give(1);
    changed.notify_one(mutex);
  });
  PermitWaiter locks(1);
  mutex.take(locks);
  while (!flag) {
    ConditionWaiter waiter;
    changed.wait(waiter, mutex);
  }
  mutex.give(1);
  setter.join();
  mutex.check_at_rest(1);
}

// The home stops one who waits, and another notifies it, while the mutex is held by a third. In
// whatever way it ends, it ends once and with the mutex.
template <Fault fault>
void a_stop_meets_a_notification() {
  Gate<PermitWord> mutex(1);
  Condition<fault> changed;
  ConditionWaiter waiter;
  Atomic<int> looked{0};
  model::Plain<int> count{0};
  model::label(count, "count");
  PermitWaiter first(1);
  mutex.take(first);
  changed.start(waiter, mutex);
  PermitWaiter holder(1);
  mutex.take(holder);
  model::Thread home = model::spawn("home", [&] {
    changed.stop(waiter, mutex);
    looked.store(1, MemoryOrder::release);
  });
  model::Thread notifier = model::spawn("notifier", [&] { changed.notify_one(mutex); });
  model::Thread task = model::spawn("task", [&] {
    waiter.ready.wait();
    model::wait_until([&] { return looked.load(MemoryOrder::acquire) != 0; });
    waiter.gone();
    count = count + 1;
    mutex.give(1);
  });
  count = count + 1;
  mutex.give(1);
  task.join();
  home.join();
  notifier.join();
  model::check(waiter.ready.sets() == 1, "a suspension ends by one wake");
  mutex.check_at_rest(1);
}

// Of two who wait the first is stopped while one notification comes: it is not lost.
template <Fault fault>
void a_notification_is_not_lost() {
  Gate<PermitWord> mutex(1);
  Condition<fault> changed;
  ConditionWaiter waiters[2];
  for (ConditionWaiter& waiter : waiters) {
    PermitWaiter locks(1);
    mutex.take(locks);
    changed.start(waiter, mutex);
  }
  model::Thread notifier = model::spawn("notifier", [&] { changed.notify_one(mutex); });
  changed.stop(waiters[0], mutex);
  notifier.join();
  // Both may have been sent to the mutex; one of them has it, and passes it on.
  const int woken = waiters[0].ready.sets() + waiters[1].ready.sets();
  model::check(woken == 1, "one has the mutex");
  mutex.give(1);
  model::check(waiters[0].ready.sets() == 1, "it was notified or stopped");
  const int second = waiters[0].stopped ? 1 : 0;
  model::check(waiters[1].ready.sets() == second, "the notification went to one");
}

TEST(condition, a_wait_misses_no_notification) {
  model::expect_holds(model::explore({}, a_flag_is_set<Fault::none>));
}
TEST(condition, a_stop_and_a_notification_end_a_wait_once_and_with_the_mutex) {
  model::expect_holds(model::explore({.preemptions = 4}, a_stop_meets_a_notification<Fault::none>));
}
TEST(condition, a_notification_beside_a_stop_goes_to_one_of_two) {
  model::expect_holds(model::explore({}, a_notification_is_not_lost<Fault::none>));
}

TEST(condition, planted_unlock_before_the_wait_stands_is_found) {
  model::expect_found(model::explore({}, a_flag_is_set<Fault::unlocks_before_it_stands>),
                      Failure::Kind::deadlock);
}
TEST(condition, planted_notification_without_the_mutex_is_found) {
  model::expect_found(
      model::explore({}, a_stop_meets_a_notification<Fault::notify_wakes_without_the_mutex>),
      Failure::Kind::race);
}
TEST(condition, planted_stop_without_the_mutex_is_found) {
  model::expect_found(
      model::explore({}, a_stop_meets_a_notification<Fault::stop_wakes_without_the_mutex>),
      Failure::Kind::race);
}
TEST(condition, planted_notified_wait_that_stays_in_line_is_found) {
  model::expect_found(
      model::explore({}, a_notification_is_not_lost<Fault::notify_leaves_it_in_line>),
      Failure::Kind::check);
}
TEST(condition, planted_stop_that_does_not_look_is_found) {
  model::expect_found(model::explore({}, a_notification_is_not_lost<Fault::stop_does_not_look>),
                      Failure::Kind::check);
}

}  // namespace
}  // namespace rota
