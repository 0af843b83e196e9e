#include "model/parked_task.hpp"
#include "model/wait_results.hpp"

#include <rota/condition_variable.hpp>
#include <rota/mutex.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>

namespace rota {
namespace {

using model::await_in;
using model::is_done;
using model::never;
using model::ParkedTask;
using model::Suspension;

MutexGuard lock(Mutex& mutex) {
  ParkedTask task;
  return await_in(task, [&] { return mutex.lock(); }).value();
}

// One waits until a flag is set; another sets it and notifies, after it has unlocked.
void a_flag_is_set() {
  Mutex mutex;
  ConditionVariable changed;
  model::Plain<bool> flag{false};
  model::watch(mutex, "mutex");
  model::watch(changed, "condition");
  model::spawn("setter", [&] {
    {
      const MutexGuard guard = lock(mutex);
      flag = true;
    }
    changed.notify_one();
  });
  {
    MutexGuard guard = lock(mutex);
    while (!flag) {
      ParkedTask task;
      is_done(await_in(task, [&] { return changed.wait(guard); }), never);
    }
  }
  model::join_all();
}

// It is notified as soon as it has unlocked, and runs elsewhere while it is still being parked.
void a_notification_beside_the_start() {
  Mutex mutex;
  ConditionVariable changed;
  model::watch(mutex, "mutex");
  model::watch(changed, "condition");
  std::optional<MutexGuard> guard = mutex.try_lock();
  auto awaited = changed.wait(*guard);
  model::watch(awaited, "frame");
  ParkedTask task;
  model::spawn("next", [&] {
    task.go_on();
    is_done(awaited.leaf().finish(), never);
    model::end_of(&awaited);
    guard.reset();
  });
  model::spawn("notifier", [&] {
    const MutexGuard inside = lock(mutex);
    changed.notify_all();
  });
  model::check(task.start(awaited.leaf()), "a condition is always waited for");
  model::join_all();
}

// One is stopped and notified while a third holds the mutex: it ends once, and with the mutex.
void a_stop_beside_a_notification() {
  Mutex mutex;
  ConditionVariable changed;
  model::Plain<int> count{0};
  model::watch(mutex, "mutex");
  model::watch(changed, "condition");
  std::optional<MutexGuard> guard = mutex.try_lock();
  ParkedTask task;
  Suspension wait(task, [&] { return changed.wait(*guard); });
  std::optional<MutexGuard> held = mutex.try_lock();
  model::spawn("next", [&] {
    is_done(wait.end(), ECANCELED);
    count = count + 1;
    guard.reset();
  });
  model::spawn("notifier", [&] { changed.notify_one(); });
  task.look_to_stop();
  count = count + 1;
  held.reset();
  model::join_all();
  model::check(task.wakes() == 1, "a suspension is ended by one wake");
  model::check(count == 2, "each has had the mutex");
}

TEST(condition_variable, a_wait_misses_no_notification) {
  model::expect_holds(model::explore_watched({.preemptions = 4}, a_flag_is_set));
}

TEST(condition_variable, a_wait_that_runs_before_it_is_parked_for_good_is_left_alone) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, a_notification_beside_the_start));
}

TEST(condition_variable, a_stop_and_a_notification_end_a_wait_once_and_with_the_mutex) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, a_stop_beside_a_notification));
}

}  // namespace
}  // namespace rota
