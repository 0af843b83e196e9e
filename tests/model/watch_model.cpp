#include "model/parked_task.hpp"
#include "model/wait_results.hpp"

#include <rota/watch.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace rota {
namespace {

using model::await_in;
using model::has;
using model::is_done;
using model::never;
using model::ParkedTask;
using model::Suspension;

Result<int> next_value(WatchReader<int>& reader) {
  ParkedTask task;
  return await_in(task, [&] { return reader.changed(); });
}

// Two values are set and a third thread looks: the reader sees the newest, then the end.
void two_values_and_a_close() {
  Watch<int> watch(0);
  model::watch(watch, "watch");
  WatchReader<int> reader = watch.subscribe();
  model::spawn("setter", [&] {
    for (int value = 1; value <= 2; ++value) is_done(watch.set(value), never);
    watch.close();
  });
  int newest = 0;
  while (const Result<int> value = next_value(reader)) {
    model::check(*value > newest, "what it sees is newer");
    newest = *value;
  }
  model::check(newest == 2, "the newest is never missed");
  model::join_all();
}

// Two set and two read at once.
void two_setters() {
  Watch<int> watch(0);
  model::watch(watch, "watch");
  WatchReader<int> reader = watch.subscribe();
  model::spawn("one", [&] { is_done(watch.set(1), never); });
  model::spawn("other", [&] { is_done(watch.set(2), never); });
  model::check(next_value(reader).has_value(), "there is one");
  model::join_all();
  model::check(reader.get() == watch.get(), "the newest is looked at");
}

// A stop meets a value, which is still unseen afterwards.
void a_stop_beside_a_value() {
  Watch<int> watch(0);
  model::watch(watch, "watch");
  WatchReader<int> reader = watch.subscribe();
  model::watch(reader, "reader");
  ParkedTask task;
  Suspension wait(task, [&] { return reader.changed(); });
  model::spawn("next", [&] {
    if (has(wait.end(), 7, ECANCELED)) return;
    model::check(has(await_in(task, [&] { return reader.changed(); }), 7, EPIPE),
                 "a stopped wait has not seen it");
  });
  model::spawn("setter", [&] { is_done(watch.set(7), never); });
  task.look_to_stop();
  model::join_all();
}

TEST(watch, the_newest_value_is_seen_before_the_end) {
  model::expect_holds(model::explore_watched({.preemptions = 5}, two_values_and_a_close));
}

TEST(watch, one_of_two_values_at_once_is_the_newest) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, two_setters));
}

TEST(watch, a_stopped_wait_leaves_the_value_unseen) {
  model::expect_holds(model::explore_watched({.preemptions = 4}, a_stop_beside_a_value));
}

}  // namespace
}  // namespace rota
