#include "sched/stage.hpp"

#include "base/membarrier.hpp"

#include <gtest/gtest.h>

namespace rota::testing_sched {

namespace {

/// epoll: its driver may be carried by any thread.
std::unique_ptr<Driver> make_driver() {
  EXPECT_TRUE(register_process_barrier());
  DriverConfig config;
  config.kind = DriverKind::epoll;
  return std::move(choose_driver(config, nullptr)->driver);
}

}  // namespace

Stage::Stage() : driver_(make_driver()), worker_(core_, *driver_), scheduler_(worker_) {
  core_.use(scheduler_);
}

Stage::~Stage() {
  drain();
  EXPECT_EQ(core_.tasks_live(), 0u);
  EXPECT_EQ(core_.descriptors().live(), 0u);
  EXPECT_EQ(worker_.timers_live(), 0u);
}

void Stage::drain() {
  // What another thread posted last is collected by the first pass and runs in the second.
  for (int pass = 0; pass < 2; ++pass) {
    worker_.pass(current_seat(), Worker::Idle::return_at_once);
  }
  // A pass that runs the last task must not sleep after it.
  while (core_.tasks_live() != 0 || worker_.in_flight() != 0) {
    worker_.pass(current_seat(), Worker::Idle::return_at_once);
  }
}

}  // namespace rota::testing_sched
