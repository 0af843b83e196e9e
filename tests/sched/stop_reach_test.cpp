// How far a stop goes: down through scopes nested to any depth, and to the children of a task that
// cannot be asked because its thread was left behind.

#include "sched/stage.hpp"
#include "task/ledger.hpp"
#include "task/suite.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <sched.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <thread>

namespace rota::testing_sched {
namespace {

using testing_tasks::Ledger;
using testing_tasks::rounds;

class StopReachTest : public testing::Test {
 protected:
  void SetUp() override { before_ = Ledger::now(); }
  void TearDown() override { EXPECT_EQ(Ledger::now(), before_); }

 private:
  Ledger before_;
};

Task<int> wait_for(Event& event) {
  Result<void> waited = co_await event.wait();
  co_return waited ? 0 : waited.error().value();
}

struct Depth {
  std::size_t left = rounds(100'000);
  bool reached = false;
  int outcome = 0;
  Event never;
};

Task<void> nest(Depth& depth) {
  if (depth.left == 0) {
    depth.reached = true;
    depth.outcome = co_await wait_for(depth.never);
    co_return;
  }
  depth.left -= 1;
  co_await with_scope([&depth](Scope& scope) -> Task<void> {
    static_cast<void>(scope.spawn(nest(depth)));
    co_return;
  });
}

TEST_F(StopReachTest, a_stop_goes_down_through_a_hundred_thousand_scopes) {
  Stage stage;
  Depth depth;
  JoinHandle<void> top = stage.spawn(nest(depth));
  while (!depth.reached) stage.worker().pass(current_seat(), Worker::Idle::return_at_once);
  top.request_stop();
  stage.drain();
  EXPECT_TRUE(top.is_done());
  EXPECT_EQ(depth.outcome, ECANCELED);
}

/// A parent that computes, away from its worker, while its worker is asked to stop it.
struct Away {
  Stage stage;
  Event never;
  std::atomic<bool> stuck{false};
  std::atomic<bool> released{false};
  int child_outcome = -1;
  bool child_ended_first = false;
};

Task<void> note_outcome(Away& away) {
  away.child_outcome = co_await wait_for(away.never);
}

/// Regions come and go meanwhile, and a shield is among them: neither is between the child's scope
/// and the stop.
void be_stuck(Away& away) {
  StopRegion shield(StopRegion::Kind::shield);
  const RegionGuard shielded_here(shield);
  away.stuck.store(true);
  while (!away.released.load()) {
    StopRegion region;
    const RegionGuard guard(region);
    EXPECT_FALSE(stop_requested());
  }
}

Task<void> leave_a_child_at_home(Away& away) {
  co_await with_scope([&away](Scope& scope) -> Task<void> {
    static_cast<void>(scope.spawn(note_outcome(away)));
    for (int i = 0; i < 3; ++i) co_await yield();
    be_stuck(away);
    EXPECT_TRUE(stop_requested());
  });
}

Task<void> stop_it_from_home(Away& away, JoinHandle<void>& parent) {
  while (!away.stuck.load()) co_await yield();
  parent.request_stop();
  for (int i = 0; i < 200; ++i) co_await yield();
  away.child_ended_first = away.child_outcome == ECANCELED;
  away.released.store(true);
  Joined<void> joined = co_await parent.join();
  EXPECT_TRUE(joined.has_value());
  away.stage.worker().leave();
}

TEST_F(StopReachTest, children_are_stopped_while_their_parent_computes_elsewhere) {
  Away away;
  JoinHandle<void> parent = away.stage.spawn(leave_a_child_at_home(away));
  JoinHandle<void> stopper = away.stage.spawn(stop_it_from_home(away, parent));
  Worker& worker = away.stage.worker();
  std::thread second([&] {
    while (!away.stuck.load()) sched_yield();
    while (!worker.try_take_over()) sched_yield();
    EXPECT_EQ(worker.carry(current_seat()), Worker::CarryEnd::left);
  });
  EXPECT_EQ(worker.carry(current_seat()), Worker::CarryEnd::taken);
  second.join();
  EXPECT_TRUE(stopper.is_done());
  EXPECT_TRUE(away.child_ended_first);
  EXPECT_EQ(away.child_outcome, ECANCELED);
}

}  // namespace
}  // namespace rota::testing_sched
