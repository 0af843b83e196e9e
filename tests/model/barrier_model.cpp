#include "model/parked_task.hpp"
#include "model/wait_results.hpp"

#include <rota/barrier.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace rota {
namespace {

using model::await_in;
using model::never;
using model::ParkedTask;
using model::Suspension;

// How one came through; or it was stopped, where it may be.
enum class Came { waited, last, stopped };

Came came(const Result<Arrival>& result, int otherwise) {
  if (result) return *result == Arrival::last ? Came::last : Came::waited;
  model::check(result.error().value() == otherwise, "it comes through, or is told why not");
  return Came::stopped;
}
Came arrive(Barrier& barrier) {
  ParkedTask task;
  return came(await_in(task, [&] { return barrier.arrive_and_wait(); }), never);
}

// Two meet twice.
void two_phases() {
  Barrier barrier(2);
  int last = 0;
  model::Plain<int> turn{0};
  model::watch(barrier, "barrier");
  model::spawn("other", [&] {
    turn = 1;
    for (int phase = 0; phase < 2; ++phase) last += arrive(barrier) == Came::last ? 1 : 0;
  });
  last += arrive(barrier) == Came::last ? 1 : 0;
  model::check(turn == 1, "what came before an arrival is seen");
  last += arrive(barrier) == Came::last ? 1 : 0;
  model::join_all();
  model::check(last == 2 && barrier.phase() == 2, "each phase has one that arrived last");
}

// Of three that are expected one drops out, in whatever order they come.
void a_drop_beside_two_arrivals() {
  Barrier barrier(3);
  model::watch(barrier, "barrier");
  int last = 0;
  const auto come = [&] { last += arrive(barrier) == Came::last ? 1 : 0; };
  model::spawn("one", come);
  model::spawn("other", come);
  last += barrier.arrive_and_drop() == Arrival::last ? 1 : 0;
  model::join_all();
  model::check(last == 1 && barrier.phase() == 1, "one phase has ended, by the last");
}

// One is stopped while the other arrives: it has come through, or the other waits for another one.
void a_stop_beside_the_last_arrival() {
  Barrier barrier(2);
  model::watch(barrier, "barrier");
  ParkedTask task;
  Suspension wait(task, [&] { return barrier.arrive_and_wait(); });
  Came first = Came::waited;
  model::Thread next = model::spawn("next", [&] { first = came(wait.end(), ECANCELED); });
  model::spawn("other", [&] { model::check(arrive(barrier) != Came::stopped, "nobody stops it"); });
  task.look_to_stop();
  next.join();
  model::check(first != Came::last, "it was the first");
  if (first == Came::stopped) {
    model::check(arrive(barrier) != Came::stopped, "the phase waits for as many as before");
  }
  model::join_all();
  model::check(task.wakes() == 1, "a suspension is ended by one wake");
  model::check(barrier.phase() == 1, "one phase has ended");
}

TEST(barrier, each_phase_has_a_last_and_nobody_is_left_in_the_one_before) {
  model::expect_holds(model::explore_watched({.preemptions = 4}, two_phases));
}

TEST(barrier, one_that_drops_out_ends_the_phase_or_lets_the_last_end_it) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, a_drop_beside_two_arrivals));
}

TEST(barrier, a_stopped_one_has_come_through_or_has_not_arrived) {
  model::expect_holds(model::explore_watched({.preemptions = 4}, a_stop_beside_the_last_arrival));
}

}  // namespace
}  // namespace rota
