#include "sched/pair.hpp"

#include "driver/choose.hpp"

#include <gtest/gtest.h>

namespace rota::testing_sched {

namespace {

std::unique_ptr<Driver> make_driver() {
  DriverConfig config;
  config.kind = DriverKind::epoll;
  return std::move(choose_driver(config, nullptr)->driver);
}

}  // namespace

Pair::Pair()
    : drivers_{make_driver(), make_driver()},
      first_(core_, *drivers_[0]),
      second_(core_, *drivers_[1]) {
  core_.use(*this);
  for (std::size_t i = 0; i < 2; ++i) {
    threads_[i] = std::thread(
        [this, i] { EXPECT_EQ(worker(i).carry(current_seat()), Worker::CarryEnd::left); });
  }
}

Pair::~Pair() {
  while (core_.tasks_live() != 0) std::this_thread::yield();
  first_.leave();
  second_.leave();
  for (std::thread& thread : threads_) thread.join();
  // What the last tasks left: a close may go from one to the other.
  for (int pass = 0; pass < 4; ++pass) {
    for (Worker* worker : {&first_, &second_}) {
      do {
        worker->pass(current_seat(), Worker::Idle::return_at_once);
      } while (worker->in_flight() != 0);
    }
  }
  EXPECT_EQ(core_.descriptors().live(), 0u);
}

Worker& Pair::place(const TaskHeader&) noexcept { return *next_; }

}  // namespace rota::testing_sched
