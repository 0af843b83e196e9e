// How much a thief takes, by how long the runs of its victim's tasks are.

#include "driver/choose.hpp"
#include "sched/runtime_core.hpp"
#include "sched/stealing.hpp"
#include "sched/worker.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>

namespace rota::testing_sched {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<Driver> make_driver() {
  DriverConfig config;
  config.kind = DriverKind::epoll;
  return std::move(choose_driver(config, nullptr)->driver);
}

/// Runs for as long as it is told to.
struct Spin : Runnable {
  explicit Spin(Worker& home) noexcept {
    header.home.set(&home);
    task = &header;
    resume = [](Runnable& self) noexcept {
      const auto end = std::chrono::steady_clock::now() + static_cast<Spin&>(self).length;
      while (std::chrono::steady_clock::now() < end) {
      }
    };
  }
  TaskHeader header;
  std::chrono::nanoseconds length{0};
};

class StealAmountTest : public testing::Test {
 protected:
  static constexpr std::size_t kReady = 8;

  void begin(Duration steal_one) {
    core_.share(shared_, DescriptorHome::Move::allowed);
    for (std::uint16_t i = 0; i < 2; ++i) {
      drivers_[i] = make_driver();
      workers_[i] = std::make_unique<Worker>(core_, *drivers_[i], i);
      carried_[i] = workers_[i].get();
    }
    scheduler_ = std::make_unique<StealingScheduler>(
        shared_, StealingScheduler::Limits{.watch = {}, .steal_one = steal_one});
    core_.use(*scheduler_);
    scheduler_->attach(carried_, {{1}, {0}});
  }

  /// A pass ends early where the thread is held up for long.
  static void run_all_of(Worker& worker) {
    do {
      worker.pass(current_seat(), Worker::Idle::return_at_once);
    } while (worker.has_work());
  }

  /// What the second worker takes from the first, once that has run a task of such a length.
  std::uint64_t stolen_after(std::chrono::nanoseconds length) {
    Spin first(victim());
    first.length = length;
    victim().ready_from_elsewhere(first);
    run_all_of(victim());
    std::array<std::unique_ptr<Spin>, kReady> ready;
    for (auto& each : ready) {
      each = std::make_unique<Spin>(victim());
      victim().ready_from_elsewhere(*each);
    }
    const std::uint64_t before = thief().counters().tasks_run;
    scheduler_->between_turns(thief());
    run_all_of(thief());
    const std::uint64_t stolen = thief().counters().tasks_run - before;
    run_all_of(victim());
    return stolen;
  }

  Worker& victim() { return *workers_[0]; }
  Worker& thief() { return *workers_[1]; }

  SharedWork shared_{2};
  RuntimeCore core_;
  std::array<std::unique_ptr<Driver>, 2> drivers_;
  std::array<std::unique_ptr<Worker>, 2> workers_;
  std::array<Worker*, 2> carried_{};
  std::unique_ptr<StealingScheduler> scheduler_;
};

TEST_F(StealAmountTest, is_half_of_what_is_short) {
  begin(Duration(1s));
  EXPECT_EQ(stolen_after(2ms), kReady / 2);
}

TEST_F(StealAmountTest, is_one_where_the_last_runs_were_long) {
  begin(Duration(100us));
  EXPECT_EQ(stolen_after(2ms), 1u);
}

TEST_F(StealAmountTest, is_always_half_without_a_limit) {
  begin(Duration());
  EXPECT_EQ(stolen_after(2ms), kReady / 2);
}

}  // namespace
}  // namespace rota::testing_sched
