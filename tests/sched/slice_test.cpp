// How long a task may go on without suspending, on a clock that the test moves by hand.

#include "driver/driver.hpp"
#include "sched/runtime_core.hpp"
#include "sched/single.hpp"
#include "sched/worker.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <source_location>

namespace rota::testing_sched {
namespace {

/// Has no operations, only a clock.
class ClockDriver final : public Driver {
 public:
  void turn(OpList, Deadline, OpList&) override {}
  void cancel(Operation&) override {}
  void wake() noexcept override {}
  [[nodiscard]] const DriverTraits& traits() const noexcept override {
    static constexpr DriverTraits traits{.name = "clock",
                                         .tries_first = true,
                                         .tries_lone_reads = true,
                                         .watches_edges = false,
                                         .nonblocking_fds = true,
                                         .any_carrier = true,
                                         .lets_go = false,
                                         .receives_ahead = false,
                                         .gives_places = false,
                                         .virtual_clock = true};
    return traits;
  }
  [[nodiscard]] Instant now() const noexcept override { return now_; }

  void advance(Duration span) noexcept { now_ = now_ + span; }

 private:
  Instant now_;
};

struct Slices {
  ClockDriver clock;
  RuntimeCore core;
  Worker worker{core, clock};
  SingleScheduler scheduler{worker};
  Event set;
  int waits = 0;
  bool over = false;

  Slices() {
    core.use(scheduler);
    set.set();
  }
  void spawn(Task<void> task) {
    static_cast<void>(spawn_into(core.common_root(), std::move(task), SpawnOptions(),
                                 std::source_location::current()));
  }
  void carry() {
    EXPECT_EQ(worker.carry(current_seat()), Worker::CarryEnd::left);
    worker.pass(current_seat(), Worker::Idle::return_at_once);
  }
};

constexpr Duration kPerWait = Duration(100);      // 128 of them are far from a slice
constexpr Duration kLongWait = Duration(20'000);  // 16 of them are more than a slice
constexpr int kUnitsPerClock = 16;                // how often the clock is looked at
constexpr int kWaits = 160 * 128;  // whole budgets, so that the last run is no shorter

Task<void> wait_without_parking(Slices& slices, Duration per_wait) {
  while (slices.waits < kWaits) {
    slices.waits += 1;
    slices.clock.advance(per_wait);
    Result<void> waited = co_await slices.set.wait();
    EXPECT_TRUE(waited.has_value());
  }
  slices.over = true;
}

/// Notes how far the other one came between two of its own runs.
Task<void> look_on(Slices& slices, int& longest, int& shortest) {
  int seen = 0;
  while (!slices.over) {
    const int run = slices.waits - seen;
    seen = slices.waits;
    longest = std::max(longest, run);
    if (run != 0) shortest = std::min(shortest, run);
    co_await yield();
  }
  slices.worker.leave();
}

TEST(Slice, short_waits_use_the_whole_budget_however_long_the_worker_has_run) {
  Slices slices;
  int longest = 0;
  int shortest = kWaits;
  slices.spawn(wait_without_parking(slices, kPerWait));
  slices.spawn(look_on(slices, longest, shortest));
  slices.carry();
  EXPECT_EQ(longest, Worker::kBudgetUnits);
  EXPECT_EQ(shortest, Worker::kBudgetUnits);
}

TEST(Slice, long_waits_use_the_slice_before_the_budget) {
  Slices slices;
  int longest = 0;
  int shortest = kWaits;
  slices.spawn(wait_without_parking(slices, kLongWait));
  slices.spawn(look_on(slices, longest, shortest));
  slices.carry();
  EXPECT_EQ(longest, 2 * kUnitsPerClock) << "the slice is counted from the first look";
}

}  // namespace
}  // namespace rota::testing_sched
