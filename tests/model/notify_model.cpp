#include "model/parked_task.hpp"
#include "model/wait_results.hpp"

#include <rota/notify.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace rota {
namespace {

using model::await_in;
using model::is_done;
using model::never;
using model::ParkedTask;
using model::Suspension;

bool wait_for(Notify& notify, int otherwise) {
  ParkedTask task;
  return is_done(await_in(task, [&] { return notify.wait(); }), otherwise);
}

// One looks, waits and looks again while two tell it of changes.
void two_changes_beside_a_wait() {
  Notify notify;
  Atomic<int> changes{0};
  model::watch(notify, "notify");
  const auto change = [&] {
    changes.fetch_add(1, MemoryOrder::relaxed);
    notify.notify_one();
  };
  model::spawn("one", change);
  model::spawn("other", change);
  while (changes.load(MemoryOrder::relaxed) < 2) wait_for(notify, never);
  model::join_all();
}

// The first of two who wait is stopped while one is let through.
void a_stop_beside_a_notification() {
  Notify notify;
  model::watch(notify, "notify");
  ParkedTask first;
  ParkedTask second;
  Suspension first_wait(first, [&] { return notify.wait(); });
  Suspension second_wait(second, [&] { return notify.wait(); });
  bool first_let = false;
  model::spawn("first", [&] { first_let = is_done(first_wait.end(), ECANCELED); });
  model::Thread notifier = model::spawn("notifier", [&] { notify.notify_one(); });
  first.look_to_stop();
  notifier.join();
  model::check(first.wakes() + second.wakes() >= 1, "one is let through");
  const bool second_let = second.wakes() == 1;
  notify.notify_all();
  is_done(second_wait.end(), never);
  model::join_all();
  model::check(first_let != second_let, "no more than one, even beside a stop");
}

// Nobody waits any more after a stop: the permit stays for the next one.
void a_stopped_wait_leaves_the_permit() {
  Notify notify;
  model::watch(notify, "notify");
  ParkedTask task;
  Suspension wait(task, [&] { return notify.wait(); });
  bool let = false;
  model::spawn("next", [&] { let = is_done(wait.end(), ECANCELED); });
  model::spawn("notifier", [&] { notify.notify_one(); });
  task.look_to_stop();
  model::join_all();
  model::check(task.wakes() == 1, "a suspension is ended by one wake");
  if (!let) wait_for(notify, never);
}

TEST(notify, a_change_before_its_notification_is_seen) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, two_changes_beside_a_wait));
}

TEST(notify, a_notification_beside_a_stop_lets_one_of_two_through) {
  model::expect_holds(model::explore_watched({}, a_stop_beside_a_notification));
}

TEST(notify, a_stopped_wait_takes_no_permit) {
  model::expect_holds(model::explore_watched({}, a_stopped_wait_leaves_the_permit));
}

}  // namespace
}  // namespace rota
