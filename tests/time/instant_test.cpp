#include <rota/core/instant.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>

namespace {

using rota::Deadline;
using rota::Duration;
using rota::Instant;
using namespace std::chrono_literals;

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();

TEST(Duration, ComesFromEveryChronoUnit) {
  EXPECT_EQ(Duration(7ns).ns, 7);
  EXPECT_EQ(Duration(7us).ns, 7'000);
  EXPECT_EQ(Duration(7ms).ns, 7'000'000);
  EXPECT_EQ(Duration(-7s).ns, -7'000'000'000);
  EXPECT_EQ(Duration(2min).ns, 120'000'000'000);
  EXPECT_EQ(Duration(24h).ns, 86'400'000'000'000);
  EXPECT_EQ(Duration(std::chrono::days(365)).ns, 31'536'000'000'000'000);
  EXPECT_EQ(Duration(0.2s).ns, 200'000'000);
  constexpr Duration implicit = 3ms;
  EXPECT_EQ(implicit, Duration{3'000'000});
}

TEST(Duration, RoundsFractionsOfANanosecondUp) {
  using Picoseconds = std::chrono::duration<std::int64_t, std::pico>;
  using Thirds = std::chrono::duration<std::int64_t, std::ratio<1, 3>>;
  EXPECT_EQ(Duration(Picoseconds(1)).ns, 1);
  EXPECT_EQ(Duration(Picoseconds(1000)).ns, 1);
  EXPECT_EQ(Duration(Picoseconds(1001)).ns, 2);
  EXPECT_EQ(Duration(Picoseconds(-1)).ns, 0);
  EXPECT_EQ(Duration(Picoseconds(-1001)).ns, -1);
  EXPECT_EQ(Duration(Thirds(1)).ns, 333'333'334);
  EXPECT_EQ(Duration(Thirds(3)).ns, 1'000'000'000);
  EXPECT_EQ(Duration(Thirds(-1)).ns, -333'333'333);
  EXPECT_EQ(Duration(std::chrono::duration<double, std::nano>(1.25)).ns, 2);
  EXPECT_EQ(Duration(std::chrono::duration<double, std::nano>(-1.25)).ns, -1);
}

TEST(Duration, SaturatesWhatDoesNotFit) {
  EXPECT_EQ(Duration(std::chrono::hours::max()), Duration::max());
  EXPECT_EQ(Duration(std::chrono::hours::min()), Duration::min());
  EXPECT_EQ(Duration(std::chrono::years(293)), Duration::max());
  EXPECT_EQ(Duration(std::chrono::nanoseconds::max()), Duration::max());
  EXPECT_EQ(Duration(std::chrono::nanoseconds::min()), Duration::min());
  using UnsignedNs = std::chrono::duration<std::uint64_t, std::nano>;
  EXPECT_EQ(Duration(UnsignedNs::max()), Duration::max());
  EXPECT_EQ(Duration(UnsignedNs(most)), Duration::max());
  EXPECT_EQ(Duration(std::chrono::duration<double>(1e300)), Duration::max());
  EXPECT_EQ(Duration(std::chrono::duration<double>(-1e300)), Duration::min());
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Duration(std::chrono::duration<double>(nan)), Duration{});
}

TEST(Duration, ArithmeticSaturates) {
  EXPECT_EQ(Duration{2} + Duration{3}, Duration{5});
  EXPECT_EQ(Duration::max() + Duration{1}, Duration::max());
  EXPECT_EQ(Duration::min() + Duration{-1}, Duration::min());
  EXPECT_EQ(Duration{0} - Duration::min(), Duration::max());
  EXPECT_EQ(-Duration::min(), Duration::max());
  EXPECT_EQ(Duration::max() * 2, Duration::max());
  EXPECT_EQ(-2 * Duration::max(), Duration::min());
  EXPECT_EQ(Duration::min() * -1, Duration::max());
  EXPECT_EQ(Duration{3} * 4, Duration{12});
}

TEST(Instant, ArithmeticSaturatesAtBothEndsOfTime) {
  EXPECT_EQ(Instant{5} + Duration{6}, Instant{11});
  EXPECT_EQ(Instant{5} + Duration::max(), Instant::max());
  EXPECT_EQ(Instant{-5} + Duration::min(), Instant::min());
  EXPECT_EQ(Instant{least} - Duration{1}, Instant::min());
  EXPECT_EQ(Instant{most} - Instant{-1}, Duration::max());
  EXPECT_EQ(Instant{7} - Instant{9}, Duration{-2});
  EXPECT_LT(Instant{7}, Instant{9});
}

TEST(Deadline, NowComesBeforeEveryInstantAndNeverAfter) {
  const Deadline at = Deadline::at(Instant{0});
  EXPECT_LT(Deadline::now(), at);
  EXPECT_LT(at, Deadline::never());
  EXPECT_EQ(std::min(Deadline::never(), at), at);
  EXPECT_TRUE(Deadline().is_never());
  EXPECT_TRUE(Deadline::now().is_now());
  EXPECT_FALSE(at.is_now() || at.is_never());
}

TEST(Deadline, TellsWhatRemains) {
  const Deadline at = Deadline::at(Instant{100});
  EXPECT_EQ(at.remaining(Instant{40}), Duration{60});
  EXPECT_EQ(at.remaining(Instant{100}), Duration{});
  EXPECT_EQ(at.remaining(Instant{101}), Duration{});
  EXPECT_FALSE(at.passed(Instant{99}));
  EXPECT_TRUE(at.passed(Instant{100}));
  EXPECT_EQ(Deadline::never().remaining(Instant{40}), Duration::max());
  EXPECT_FALSE(Deadline::never().passed(Instant::max()));
  EXPECT_EQ(Deadline::now().remaining(Instant::min()), Duration{});
  EXPECT_TRUE(Deadline::now().passed(Instant::min()));
  EXPECT_EQ(Deadline::at(Instant{1} + Duration::max()), Deadline::never());
}

TEST(Slack, NoneLeavesTheMomentAsItIs) {
  EXPECT_EQ(rota::coalesced(Instant{12345}, rota::Slack()), Instant{12345});
  EXPECT_EQ(rota::coalesced(Instant::max(), rota::Slack(1s)), Instant::max());
  EXPECT_EQ(rota::coalesced(Instant{most - 1}, rota::Slack(1s)), Instant{most - 1});
  EXPECT_EQ(rota::coalesced(Instant::min(), rota::Slack(1s)), Instant::min());
}

TEST(Slack, FindsTheRoundestMomentWithinIt) {
  for (std::int64_t due = 1; due < 300; ++due) {
    for (std::int64_t late = 0; late < 70; ++late) {
      std::int64_t roundest = due;
      for (std::int64_t each = due; each <= due + late; ++each) {
        if (std::countr_zero(static_cast<std::uint64_t>(each)) >
            std::countr_zero(static_cast<std::uint64_t>(roundest))) {
          roundest = each;
        }
      }
      EXPECT_EQ(rota::coalesced(Instant{due}, rota::Slack(Duration{late})), Instant{roundest});
    }
  }
}

}  // namespace
