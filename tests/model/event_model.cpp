#include "model/parked_task.hpp"
#include "model/wait_results.hpp"

#include <rota/event.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace rota {
namespace {

using model::await_in;
using model::is_done;
using model::never;
using model::ParkedTask;
using model::Suspension;

// Two wait while it is set; what came before is seen, with and without a wait.
void two_waits_beside_a_set() {
  Event event;
  model::Plain<int> before{0};
  model::watch(event, "event");
  const auto wait = [&] {
    ParkedTask task;
    is_done(await_in(task, [&] { return event.wait(); }), never);
    model::check(before == 1, "what came before the set is seen");
  };
  model::spawn("one", wait);
  model::spawn("other", wait);
  before = 1;
  event.set();
  model::join_all();
}

void a_look_beside_a_set() {
  Event event;
  model::Plain<int> before{0};
  model::watch(event, "event");
  model::spawn("looker", [&] {
    if (event.is_set()) model::check(before == 1, "what came before the set is seen");
  });
  before = 1;
  event.set();
  model::join_all();
}

// One of two who wait is stopped while it is set.
void a_stop_beside_a_set() {
  Event event;
  model::watch(event, "event");
  ParkedTask first;
  ParkedTask second;
  Suspension first_wait(first, [&] { return event.wait(); });
  Suspension second_wait(second, [&] { return event.wait(); });
  model::spawn("first", [&] { is_done(first_wait.end(), ECANCELED); });
  model::spawn("second", [&] { is_done(second_wait.end(), never); });
  model::spawn("setter", [&] { event.set(); });
  first.look_to_stop();
  model::join_all();
  model::check(first.wakes() == 1 && second.wakes() == 1, "each is ended by one wake");
}

TEST(event, a_set_wakes_all_and_shows_what_came_before) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, two_waits_beside_a_set));
  model::expect_holds(model::explore_watched({}, a_look_beside_a_set));
}

TEST(event, a_stop_and_a_set_end_a_wait_once) {
  model::expect_holds(model::explore_watched({.preemptions = 2}, a_stop_beside_a_set));
}

}  // namespace
}  // namespace rota
