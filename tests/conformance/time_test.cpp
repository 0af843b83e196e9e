// When a turn returns. Only lower bounds are asserted, on the driver's own clock; that a turn
// returns at all is the watchdog's business.
#include "conformance/conformance.hpp"

namespace rota::conformance {
namespace {

TEST_P(Conformance, a_turn_until_now_returns_with_what_is_there) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 8);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(turn_now(), 0u);
  EXPECT_FALSE(is_back(reading));
}

TEST_P(Conformance, a_turn_until_the_present_moment_returns) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(turn(Deadline::at(driver().now())), 0u);
}

TEST_P(Conformance, a_turn_until_a_moment_in_the_past_returns) {
  const Instant present = driver().now();
  for (const std::int64_t ago_ns : {1LL, 1'000LL, 1'000'000'000LL}) {
    EXPECT_EQ(turn(Deadline::at(present - Duration(ago_ns))), 0u);
  }
}

TEST_P(Conformance, a_turn_with_nothing_to_do_sleeps_until_its_deadline_and_not_less) {
  // Odd lengths: what is rounded down to microseconds or milliseconds ends too early.
  for (const std::int64_t ns : {1LL, 999LL, 50'001LL, 999'999LL, 1'000'001LL, 1'999'999LL,
                                7'654'321LL, 20'000'001LL}) {
    const Deadline until = in_ns(ns);
    EXPECT_EQ(turn(until), 0u);
    EXPECT_GE(driver().now(), until.instant()) << "a sleep of " << ns << " ns was cut short";
  }
}

TEST_P(Conformance, a_turn_with_parked_operations_sleeps_until_its_deadline) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 8);
  Poll& urgent = poll(near, POLLPRI);
  for (int i = 0; i < 5; ++i) {
    const Deadline until = in_ns(1'500'000);
    EXPECT_EQ(turn(until), 0u);
    EXPECT_GE(driver().now(), until.instant());
  }
  EXPECT_FALSE(is_back(reading) || is_back(urgent));
}

TEST_P(Conformance, a_turn_does_not_sleep_past_what_completes) {
  FdPair pair = tcp_pair();
  send_all(pair.far.number(), "x");
  Descriptor& near = adopt(std::move(pair.near));
  Poll& readable = poll(near, POLLIN);
  // An hour: the watchdog ends this case long before.
  const Deadline until = in_ns(3'600'000'000'000);
  ASSERT_TRUE(turn_until([&] { return is_back(readable); }, until));
  EXPECT_FALSE(until.passed(driver().now()));
}

TEST_P(Conformance, a_deadline_at_the_end_of_time_is_no_overflow) {
  FdPair pair = tcp_pair();
  send_all(pair.far.number(), "x");
  Descriptor& near = adopt(std::move(pair.near));
  Poll& readable = poll(near, POLLIN);
  const Deadline far_off = Deadline::at(Instant::max() - Duration(1));
  ASSERT_TRUE(turn_until([&] { return is_back(readable); }, far_off));
  EXPECT_EQ(readable.result, POLLIN);
}

TEST_P(Conformance, the_clock_of_a_driver_never_goes_back) {
  Instant last = driver().now();
  for (int i = 0; i < 200; ++i) {
    turn(i % 10 == 0 ? in_ns(100'000) : Deadline::now());
    const Instant present = driver().now();
    ASSERT_GE(present, last);
    last = present;
  }
}

}  // namespace
}  // namespace rota::conformance
