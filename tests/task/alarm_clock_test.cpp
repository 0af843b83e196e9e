// Alarms while the machine's clock is really set. It is put right again within milliseconds, but
// others would see it leap: so this runs in continuous integration only, by itself.

#include <rota/rota.hpp>

#include "base/time_units.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

namespace rota::testing_tasks {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLeap(30s);

std::int64_t monotonic() {
  timespec moment{};
  ::clock_gettime(CLOCK_MONOTONIC, &moment);
  return moment.tv_sec * kNsPerS + moment.tv_nsec;
}

/// The machine's clock, which its destructor puts right by the monotonic one.
class MachineClock {
 public:
  MachineClock() : right_ahead_(WallTime::now().ns - monotonic()) {}
  ~MachineClock() { EXPECT_TRUE(lead_by(Duration())); }
  MachineClock(const MachineClock&) = delete;
  MachineClock& operator=(const MachineClock&) = delete;

  /// Sets it to what is right, and so much.
  [[nodiscard]] bool lead_by(Duration lead) const {
    const std::int64_t to = monotonic() + right_ahead_ + lead.ns;
    const timespec moment{.tv_sec = to / kNsPerS, .tv_nsec = to % kNsPerS};
    return ::clock_settime(CLOCK_REALTIME, &moment) == 0;
  }

 private:
  const std::int64_t right_ahead_;
};

class AlarmClock : public testing::TestWithParam<DriverKind> {
 protected:
  void SetUp() override {
    const char* unattended = std::getenv("CI");
    if (unattended == nullptr || std::string_view(unattended) != "true") {
      GTEST_SKIP() << "it sets the machine's clock, which it does where CI=true";
    }
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    if (::clock_settime(CLOCK_REALTIME, &now) != 0) {
      GTEST_SKIP() << "this process may not set the clock (CAP_SYS_TIME)";
    }
    config_.driver.kind = GetParam();
  }

  Config config_;
};

Task<void> ring(WallTime when, bool& rang) {
  Result<void> waited = co_await alarm(when);
  EXPECT_TRUE(waited.has_value());
  rang = true;
}

/// Until the alarm has its timer, as a task that waits for it has nothing else to do.
Task<void> settle() {
  for (int i = 0; i < 8; ++i) co_await yield();
}

Task<void> set_forward() {
  const MachineClock clock;
  const std::int64_t began = monotonic();
  bool rang = false;
  JoinHandle<void> waiter = spawn(ring(WallTime::now() + kLeap, rang));
  co_await settle();
  EXPECT_FALSE(rang);
  EXPECT_TRUE(clock.lead_by(kLeap));
  Joined<void> joined = co_await waiter.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_LT(monotonic() - began, kLeap.ns) << "it rang by itself, and not because of the clock";
}

TEST_P(AlarmClock, AnAlarmRingsAtOnceWhenTheClockIsSetBeyondIt) {
  Runtime runtime = Runtime::make(config_).value();
  runtime.block_on(set_forward());
}

/// False: the moment had come before the clock was set, on a machine too busy for so short a wait.
Task<bool> set_back(Duration span) {
  const MachineClock clock;
  const WallTime when = WallTime::now() + span;
  const std::int64_t due = monotonic() + span.ns;
  bool rang = false;
  JoinHandle<void> waiter = spawn(ring(when, rang));
  co_await settle();
  EXPECT_TRUE(clock.lead_by(-kLeap));
  const bool in_time = monotonic() < due;
  if (in_time) {
    Result<void> slept = co_await sleep_until(Instant(due) + span);
    EXPECT_TRUE(slept.has_value());
    co_await settle();
    EXPECT_FALSE(rang) << "the moment comes once more, in half a minute";
    EXPECT_LT(WallTime::now(), when);
  }
  EXPECT_TRUE(clock.lead_by(Duration()));
  Joined<void> joined = co_await waiter.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_GE(WallTime::now(), when);
  co_return in_time;
}

TEST_P(AlarmClock, AnAlarmWaitsForLongerWhenTheClockIsSetBack) {
  Runtime runtime = Runtime::make(config_).value();
  Duration span(20ms);
  while (!runtime.block_on(set_back(span))) span = span * 2;
}

std::string name_of(const testing::TestParamInfo<DriverKind>& driver) {
  static constexpr const char* kNames[] = {"select", "poll", "epoll", "linux_aio", "io_uring"};
  return kNames[driver.index];
}

INSTANTIATE_TEST_SUITE_P(Drivers, AlarmClock,
                         testing::Values(DriverKind::select, DriverKind::poll, DriverKind::epoll,
                                         DriverKind::linux_aio, DriverKind::io_uring),
                         name_of);

}  // namespace
}  // namespace rota::testing_tasks
