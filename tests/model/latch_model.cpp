#include "model/parked_task.hpp"
#include "model/wait_results.hpp"

#include <rota/latch.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace rota {
namespace {

using model::await_in;
using model::is_done;
using model::never;
using model::ParkedTask;
using model::Suspension;

// Two count it down, and whoever has waited for that destroys it.
void it_ends_after_a_wait() {
  Latch latch(2);
  model::Plain<int> done[2];
  model::watch(latch, "latch");
  for (auto& each : done) {
    model::spawn("counter", [&latch, &each] {
      each = 1;
      latch.count_down();
    });
  }
  ParkedTask task;
  is_done(await_in(task, [&] { return latch.wait(); }), never);
  model::end_of(&latch);
  model::check(done[0] == 1 && done[1] == 1, "what came before the counts is seen");
  model::join_all();
}

// The same for one who looks.
void it_ends_after_a_look() {
  Latch latch(2);
  model::watch(latch, "latch");
  model::spawn("one", [&] { latch.count_down(); });
  model::spawn("other", [&] { latch.count_down(); });
  if (latch.try_wait()) model::end_of(&latch);
  model::join_all();
}

void a_stop_beside_the_last_count() {
  Latch latch(1);
  model::watch(latch, "latch");
  ParkedTask task;
  Suspension wait(task, [&] { return latch.wait(); });
  model::spawn("next", [&] { is_done(wait.end(), ECANCELED); });
  model::spawn("counter", [&] { latch.count_down(); });
  task.look_to_stop();
  model::join_all();
  model::check(task.wakes() == 1, "a suspension is ended by one wake");
  model::check(latch.try_wait(), "it was counted down");
}

TEST(latch, whoever_knows_that_it_is_at_zero_may_destroy_it) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, it_ends_after_a_wait));
  model::expect_holds(model::explore_watched({.preemptions = 4}, it_ends_after_a_look));
}

TEST(latch, a_stop_and_the_last_count_end_a_wait_once) {
  model::expect_holds(model::explore_watched({}, a_stop_beside_the_last_count));
}

}  // namespace
}  // namespace rota
