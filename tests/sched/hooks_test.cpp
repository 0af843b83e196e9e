// What a simulation puts in the place of the clock and of randomness is what a runtime uses.

#include "base/hooks.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace rota::testing_sched {
namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;

std::int64_t hours_read = 0;

/// An hour passes between any two looks at this clock.
std::int64_t hasty_clock() { return ++hours_read * kHourNs; }

std::uint64_t known_bits() { return 4242; }

class HooksTest : public testing::Test {
 protected:
  ~HooksTest() override { hooks = Hooks{}; }
};

/// Due at the next look at the clock, so that no driver really waits.
Task<void> sleep_for_an_hour() {
  auto slept = co_await sleep(Duration{kHourNs});
  EXPECT_TRUE(slept.has_value());
}

TEST_F(HooksTest, every_driver_reads_the_clock_through_its_hook) {
  hooks.monotonic_ns = hasty_clock;
  for (const DriverKind kind : {DriverKind::epoll, DriverKind::poll, DriverKind::select,
                                DriverKind::linux_aio, DriverKind::io_uring}) {
    Config config;
    config.driver.kind = kind;
    Runtime runtime = Runtime::make(config).value();
    const std::int64_t before = hours_read;
    runtime.block_on(sleep_for_an_hour());
    EXPECT_GT(hours_read, before) << runtime.driver_name();
  }
}

std::string seed_in(const Runtime& runtime) {
  const std::string& reason = runtime.driver_reason();
  const std::size_t at = reason.find("seed ");
  return at == std::string::npos ? "" : reason.substr(at);
}

Runtime simulate(std::uint64_t seed) {
  Config config;
  config.driver.kind = DriverKind::sim;
  config.driver.seed = seed;
  return Runtime::make(config).value();
}

TEST_F(HooksTest, a_seed_that_is_not_given_is_drawn_through_its_hook_and_told) {
  hooks.random = known_bits;
  EXPECT_EQ(seed_in(simulate(0)), "seed 4242.");
  EXPECT_EQ(seed_in(simulate(7)), "seed 7.");
}

TEST_F(HooksTest, two_runs_without_a_seed_differ) {
  EXPECT_NE(seed_in(simulate(0)), "");
  EXPECT_NE(seed_in(simulate(0)), seed_in(simulate(0)));
}

}  // namespace
}  // namespace rota::testing_sched
