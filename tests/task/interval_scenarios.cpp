#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <vector>

namespace rota::testing_tasks {
namespace {

using namespace std::chrono_literals;

template <template <class> class Routine>
Routine<void> ticks_keep_their_distance(World) {
  constexpr Duration period(1ms);
  const Instant first = now() + period;
  Interval interval(first, period, MissedTicks::burst);
  for (std::int64_t i = 0; i < 4; ++i) {
    Result<Instant> due = co_await interval.tick();
    EXPECT_EQ(due.value(), first + period * i);
    EXPECT_GE(now(), *due);
  }
}

/// Ticks that were due while nobody waited: three and a half periods ago.
constexpr Duration kPeriod(10s);

template <template <class> class Routine>
Routine<void> missed_ticks_come_in_a_burst(World) {
  const Instant first = now() - kPeriod * 3 - Duration(5s);
  Interval interval(first, kPeriod, MissedTicks::burst);
  for (std::int64_t i = 0; i < 4; ++i) {
    Result<Instant> due = co_await interval.tick();
    EXPECT_EQ(due.value(), first + kPeriod * i);
  }
  EXPECT_EQ(interval.next(), first + kPeriod * 4);
}

template <template <class> class Routine>
Routine<void> missed_ticks_are_skipped(World) {
  const Instant first = now() - kPeriod * 3 - Duration(5s);
  Interval interval(first, kPeriod);
  Result<Instant> due = co_await interval.tick();
  EXPECT_EQ(due.value(), first);
  EXPECT_EQ(interval.next(), first + kPeriod * 4);
}

template <template <class> class Routine>
Routine<void> missed_ticks_delay_the_next(World) {
  const Instant before = now();
  Interval interval(before - kPeriod * 3, kPeriod, MissedTicks::delay);
  Result<Instant> due = co_await interval.tick();
  EXPECT_EQ(due.value(), before - kPeriod * 3);
  EXPECT_GE(interval.next(), before + kPeriod);
  EXPECT_LE(interval.next(), now() + kPeriod);
}

template <template <class> class Routine>
Routine<void> wait_for_a_tick(Interval& interval, int& code) {
  Result<Instant> due = co_await interval.tick();
  code = code_of(due);
}

template <template <class> class Routine>
Routine<void> a_cancelled_tick_is_still_due(World) {
  const Instant first = now() + kForEver;
  Interval interval(first, kPeriod);
  int code = 0;
  JoinHandle<void> waiter = spawn_routine(wait_for_a_tick<Routine>(interval, code));
  co_await yield();
  waiter.request_stop();
  Joined<void> joined = co_await waiter.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_EQ(code, ECANCELED);
  EXPECT_EQ(interval.next(), first);
}

template <template <class> class Routine>
Routine<void> ticks_with_slack_are_never_early(World) {
  constexpr Duration period(2ms);
  Interval interval(period);
  interval.allow(Slack(1ms));
  for (int i = 0; i < 3; ++i) {
    const Instant next = interval.next();
    Result<Instant> due = co_await interval.tick();
    EXPECT_EQ(due.value(), next);
    EXPECT_GE(now(), coalesced(next, Slack(1ms)));
  }
}

template <template <class> class Routine>
Routine<void> sleep_and_look(Instant due, Slack slack, Instant& woke) {
  Result<void> slept = co_await sleep_until(due, slack);
  EXPECT_TRUE(slept.has_value());
  woke = now();
}

/// Two timers with 200 us between them and a round moment in the range of both. With a virtual
/// clock, where a task takes no time, both wake at that moment; without slack each has its own.
template <template <class> class Routine>
Routine<void> timers_with_slack_share_one_wake(World world) {
  constexpr std::int64_t round = 1 << 24;  // 17 ms
  for (const Slack slack : {Slack(1ms), Slack()}) {
    const Instant meeting((now().ns / round + 1) * round);
    Instant first;
    Instant second;
    auto one =
        spawn_routine(sleep_and_look<Routine>(meeting - Duration(300us), slack, first));
    auto other =
        spawn_routine(sleep_and_look<Routine>(meeting - Duration(100us), slack, second));
    auto one_joined = co_await one.join();
    EXPECT_TRUE(one_joined.has_value());
    auto other_joined = co_await other.join();
    EXPECT_TRUE(other_joined.has_value());
    const bool lenient = slack.at_most != Duration();
    EXPECT_GE(first, lenient ? meeting : meeting - Duration(300us));
    EXPECT_GE(second, lenient ? meeting : meeting - Duration(100us));
    if (world.driver != DriverKind::sim) continue;
    EXPECT_EQ(first == second, lenient);
  }
}

template <template <class> class Routine>
Routine<void> an_alarm_in_the_past_rings_at_once(World) {
  for (const WallTime past : {WallTime(-1), WallTime(0), WallTime::now()}) {
    Result<void> rang = co_await alarm(past);
    EXPECT_TRUE(rang.has_value());
  }
}

template <template <class> class Routine>
Routine<void> an_alarm_is_never_early(World) {
  const WallTime when = WallTime::now() + Duration(3ms);
  Result<void> rang = co_await alarm(when);
  EXPECT_TRUE(rang.has_value());
  EXPECT_GE(WallTime::now(), when);
}

template <template <class> class Routine>
Routine<void> wait_for_tomorrow(int& code) {
  Result<void> rang = co_await alarm(WallTime::now() + kForEver);
  code = code_of(rang);
}

template <template <class> class Routine>
Routine<void> an_alarm_is_cancelled(World) {
  int code = 0;
  JoinHandle<void> waiter = spawn_routine(wait_for_tomorrow<Routine>(code));
  co_await yield();
  waiter.request_stop();
  Joined<void> joined = co_await waiter.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_EQ(code, ECANCELED);
}

}  // namespace

void add_interval_scenarios(Suite& suite) {
  suite.add("ticks_keep_their_distance", ticks_keep_their_distance<Task>,
            ticks_keep_their_distance<Script>);
  suite.add("missed_ticks_come_in_a_burst", missed_ticks_come_in_a_burst<Task>,
            missed_ticks_come_in_a_burst<Script>);
  suite.add("missed_ticks_are_skipped", missed_ticks_are_skipped<Task>,
            missed_ticks_are_skipped<Script>);
  suite.add("missed_ticks_delay_the_next", missed_ticks_delay_the_next<Task>,
            missed_ticks_delay_the_next<Script>);
  suite.add("a_cancelled_tick_is_still_due", a_cancelled_tick_is_still_due<Task>,
            a_cancelled_tick_is_still_due<Script>);
  suite.add("ticks_with_slack_are_never_early", ticks_with_slack_are_never_early<Task>,
            ticks_with_slack_are_never_early<Script>);
  suite.add("timers_with_slack_share_one_wake", timers_with_slack_share_one_wake<Task>,
            timers_with_slack_share_one_wake<Script>);
  suite.add("an_alarm_in_the_past_rings_at_once", an_alarm_in_the_past_rings_at_once<Task>,
            an_alarm_in_the_past_rings_at_once<Script>);
  suite.add("an_alarm_is_never_early", an_alarm_is_never_early<Task>,
            an_alarm_is_never_early<Script>);
  suite.add("an_alarm_is_cancelled", an_alarm_is_cancelled<Task>, an_alarm_is_cancelled<Script>);
}

}  // namespace rota::testing_tasks
