#include "time/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <vector>

namespace {

using rota::Deadline;
using rota::Instant;
using rota::TimerEntry;
using rota::TimerList;
using rota::TimerWheel;

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t tick_ns = 16'384;
constexpr std::int64_t ms_ns = 1'000'000;
constexpr std::int64_t day_ns = 86'400'000 * ms_ns;
constexpr std::int64_t year_ns = 365 * day_ns;

struct Timer : TimerEntry {
  explicit Timer(int id = 0) : TimerEntry([](TimerEntry&) noexcept {}), name(id) {}
  int name;
};

std::vector<int> fire(TimerWheel& wheel, std::int64_t now_ns) {
  TimerList due;
  wheel.expire(Instant{now_ns}, due);
  std::vector<int> names;
  while (TimerEntry* entry = due.pop_front()) {
    EXPECT_LE(entry->due_ns, now_ns) << "fired early";
    names.push_back(static_cast<Timer*>(entry)->name);
  }
  return names;
}

// Fires at `due_ns` and not one nanosecond before, having been armed at `start_ns`.
void expect_exact(std::int64_t start_ns, std::int64_t due_ns) {
  SCOPED_TRACE(testing::Message() << "from " << start_ns << " to " << due_ns);
  TimerWheel wheel(Instant{start_ns});
  Timer timer;
  wheel.insert(timer, Instant{due_ns});
  EXPECT_EQ(wheel.next(), Deadline::at(Instant{due_ns}));
  if (due_ns > start_ns) {
    EXPECT_TRUE(fire(wheel, start_ns + (due_ns - start_ns) / 2).empty());
    EXPECT_TRUE(fire(wheel, due_ns - 1).empty());
    EXPECT_EQ(wheel.next(), Deadline::at(Instant{due_ns}));
  }
  EXPECT_EQ(wheel.size(), 1U);
  EXPECT_EQ(fire(wheel, due_ns).size(), 1U);
  EXPECT_TRUE(wheel.empty());
  EXPECT_TRUE(wheel.next().is_never());
  EXPECT_FALSE(timer.armed());
}

TEST(TimerWheel, IsEmptyAndNeverDueWithoutTimers) {
  TimerWheel wheel(Instant{5});
  EXPECT_TRUE(wheel.empty());
  EXPECT_TRUE(wheel.next().is_never());
  EXPECT_TRUE(fire(wheel, 100 * year_ns).empty());
}

TEST(TimerWheel, FiresAtTheExactNanosecondAtEveryDistance) {
  for (const std::int64_t start : {std::int64_t{0}, std::int64_t{12'345'678'901}}) {
    for (unsigned bit = 0; bit < 62; ++bit) {
      const std::int64_t distance = std::int64_t{1} << bit;
      for (const std::int64_t off : {-1, 0, 1}) expect_exact(start, start + distance + off);
    }
  }
}

TEST(TimerWheel, CrossesTheWrapOfEveryLevel) {
  for (unsigned bit = 0; bit < 63; ++bit) {
    const std::int64_t wrap = std::int64_t{1} << bit;
    for (const std::int64_t before : {std::int64_t{1}, tick_ns - 1, tick_ns, 3 * ms_ns}) {
      for (const std::int64_t after : {std::int64_t{0}, std::int64_t{1}, tick_ns, 3 * ms_ns}) {
        expect_exact(wrap - before, wrap + after);
      }
    }
  }
}

TEST(TimerWheel, WorksWhereOtherClocksOverflow) {
  const std::int64_t second = 1'000 * ms_ns;
  const std::int64_t starts[] = {(std::int64_t{1} << 31) * second,
                                 (std::int64_t{1} << 32) * ms_ns,
                                 (std::int64_t{1} << 31) * ms_ns,
                                 (std::int64_t{1} << 32) * 1'000,
                                 std::int64_t{1} << 32,
                                 12 * day_ns,
                                 49 * day_ns + 17 * 3600 * second,
                                 834 * day_ns,
                                 0,
                                 -1,
                                 -day_ns};
  for (const std::int64_t start : starts) {
    for (const std::int64_t shift : {-2 * ms_ns, std::int64_t{-1}, std::int64_t{0}, ms_ns}) {
      for (const std::int64_t wait : {std::int64_t{0}, std::int64_t{1}, tick_ns, ms_ns, 30 * second,
                                      day_ns, 100 * year_ns}) {
        expect_exact(start + shift, start + shift + wait);
      }
    }
  }
}

TEST(TimerWheel, ReachesBothEndsOfTime) {
  expect_exact(0, most - 1);
  expect_exact(most - 2, most - 1);
  expect_exact(most - 100 * ms_ns, most - 1);
  expect_exact(least, least);
  TimerWheel wheel(Instant::min());
  Timer far(1);
  Timer end(2);
  wheel.insert(end, Instant::max());
  EXPECT_TRUE(wheel.next().is_never());
  wheel.insert(far, Instant{most - 1});
  EXPECT_TRUE(fire(wheel, 0).empty());
  EXPECT_EQ(fire(wheel, most - 1), std::vector<int>{1});
  EXPECT_TRUE(wheel.next().is_never());
  EXPECT_EQ(wheel.size(), 1U);
  EXPECT_EQ(fire(wheel, most), std::vector<int>{2});
}

TEST(TimerWheel, SkipsYearsOfEmptyTime) {
  TimerWheel wheel(Instant{7});
  std::int64_t now_ns = 7;
  for (int round = 0; round < 50; ++round) {
    Timer near(1);
    Timer far(2);
    wheel.insert(near, Instant{now_ns + 200'000});
    wheel.insert(far, Instant{now_ns + 5 * year_ns});
    EXPECT_EQ(fire(wheel, now_ns + 5 * year_ns - 1), std::vector<int>{1});
    now_ns += 5 * year_ns + round;
    EXPECT_EQ(fire(wheel, now_ns), std::vector<int>{2});
  }
}

TEST(TimerWheel, FiresWhatIsPastAtTheNextExpiry) {
  TimerWheel wheel(Instant{day_ns});
  Timer negative(1);
  Timer past(2);
  Timer present(3);
  wheel.insert(negative, Instant{-5});
  EXPECT_EQ(wheel.next(), Deadline::at(Instant{-5}));
  wheel.insert(past, Instant{3 * ms_ns});
  wheel.insert(present, Instant{day_ns});
  EXPECT_EQ(fire(wheel, day_ns), (std::vector<int>{1, 2, 3}));
}

TEST(TimerWheel, FiresEqualDueTimesInTheOrderOfInsertion) {
  for (const std::int64_t due_ns : {ms_ns, 70 * ms_ns, 5'000 * ms_ns, 20 * day_ns, 200 * year_ns}) {
    TimerWheel wheel(Instant{0});
    std::deque<Timer> timers;
    std::vector<int> expected;
    // Armed ever nearer to the due time, so that they start out on different levels.
    std::int64_t now_ns = 0;
    for (int name = 0; name < 64; ++name) {
      wheel.insert(timers.emplace_back(name), Instant{due_ns});
      expected.push_back(name);
      now_ns += (due_ns - now_ns) / 2;
      EXPECT_TRUE(fire(wheel, now_ns).empty());
    }
    EXPECT_EQ(fire(wheel, due_ns), expected);
  }
}

TEST(TimerWheel, HandsOutTicksInOrderAfterALongSleep) {
  TimerWheel wheel(Instant{0});
  std::deque<Timer> timers;
  for (int name = 40; name > 0; --name) {
    wheel.insert(timers.emplace_back(name), Instant{std::int64_t{1} << (name + 14)});
  }
  const std::vector<int> names = fire(wheel, 100 * year_ns);
  ASSERT_EQ(names.size(), 40U);
  for (int name = 1; name <= 40; ++name) EXPECT_EQ(names[static_cast<std::size_t>(name - 1)], name);
}

TEST(TimerWheel, ResolvesTimersWithinOneTick) {
  TimerWheel wheel(Instant{0});
  std::deque<Timer> timers;
  const std::int64_t tick = 1'000 * tick_ns;
  for (int name = 0; name < 100; ++name) {
    wheel.insert(timers.emplace_back(name), Instant{tick + name * 100});
  }
  // More than are looked at ahead of time: woken at the tick's beginning, then exactly.
  EXPECT_LE(wheel.next(), Deadline::at(Instant{tick}));
  for (int name = 0; name < 100; ++name) {
    const std::int64_t due_ns = tick + name * 100;
    EXPECT_TRUE(fire(wheel, due_ns - 1).empty());
    EXPECT_EQ(wheel.next(), Deadline::at(Instant{due_ns}));
    EXPECT_EQ(fire(wheel, due_ns), std::vector<int>{name});
  }
}

TEST(TimerWheel, WakesAtMostOncePerLevelForASlotOfMany) {
  TimerWheel wheel(Instant{0});
  std::deque<Timer> timers;
  const std::int64_t due_ns = 30'000 * ms_ns + 17;
  for (int name = 0; name < 1'000; ++name) wheel.insert(timers.emplace_back(name), Instant{due_ns});
  int wakes = 0;
  std::int64_t now_ns = 0;
  while (!wheel.empty()) {
    const std::int64_t next_ns = wheel.next().instant().ns;
    ASSERT_GT(next_ns, now_ns);
    ASSERT_LE(next_ns, due_ns);
    now_ns = next_ns;
    const std::size_t fired = fire(wheel, now_ns).size();
    EXPECT_EQ(fired, now_ns == due_ns ? 1'000U : 0U);
    ++wakes;
  }
  EXPECT_LE(wakes, 5);
}

TEST(TimerWheel, KnowsTheNextTimerThroughEveryChange) {
  TimerWheel wheel(Instant{0});
  Timer first(1);
  Timer second(2);
  Timer third(3);
  wheel.insert(second, Instant{20 * ms_ns});
  wheel.insert(first, Instant{10 * ms_ns});
  wheel.insert(third, Instant{30'000 * ms_ns});
  EXPECT_EQ(wheel.next(), Deadline::at(Instant{10 * ms_ns}));
  wheel.remove(first);
  EXPECT_EQ(wheel.next(), Deadline::at(Instant{20 * ms_ns}));
  wheel.insert(first, Instant{15 * ms_ns});
  EXPECT_EQ(wheel.next(), Deadline::at(Instant{15 * ms_ns}));
  EXPECT_EQ(fire(wheel, 20 * ms_ns), (std::vector<int>{1, 2}));
  EXPECT_EQ(wheel.next(), Deadline::at(Instant{30'000 * ms_ns}));
  wheel.remove(third);
  EXPECT_TRUE(wheel.next().is_never());
}

TEST(TimerWheel, DoesNotWakeForASlotThatWasEmptied) {
  TimerWheel wheel(Instant{0});
  Timer last(0);
  wheel.insert(last, Instant{day_ns});
  std::deque<Timer> timers;
  for (int name = 1; name <= 100; ++name) {
    wheel.insert(timers.emplace_back(name), Instant{30'000 * ms_ns});
  }
  EXPECT_EQ(wheel.next(), Deadline::at(Instant{30'000 * ms_ns}));
  wheel.remove(timers.front());
  EXPECT_LE(wheel.next(), Deadline::at(Instant{30'000 * ms_ns}));  // many: the slot's beginning
  timers.pop_front();
  for (Timer& timer : timers) wheel.remove(timer);
  EXPECT_EQ(wheel.next(), Deadline::at(Instant{day_ns}));
}

TEST(TimerWheel, StaysExactInTheCurrentTickHoweverManyShareIt) {
  TimerWheel wheel(Instant{0});
  std::deque<Timer> timers;
  for (int name = 0; name < 100; ++name) {
    wheel.insert(timers.emplace_back(name), Instant{1'000 + name});
  }
  for (int name = 0; name < 99; ++name) {
    wheel.remove(timers[static_cast<std::size_t>(name)]);
    ASSERT_EQ(wheel.next(), Deadline::at(Instant{1'001 + name}));
  }
}

TEST(TimerWheel, LetsATimerBeRemovedBetweenExpiryAndFiring) {
  TimerWheel wheel(Instant{0});
  Timer a(1), b(2), c(3), waiting(4);
  for (Timer* timer : {&a, &b, &c}) wheel.insert(*timer, Instant{ms_ns});
  wheel.insert(waiting, Instant{ms_ns + 1});
  TimerList due;
  wheel.expire(Instant{ms_ns}, due);
  EXPECT_EQ(wheel.size(), 1U);
  wheel.remove(b);
  EXPECT_FALSE(b.armed());
  EXPECT_TRUE(a.armed());
  wheel.remove(a);
  wheel.insert(a, Instant{2 * ms_ns});
  EXPECT_EQ(due.pop_front(), &c);
  EXPECT_EQ(due.pop_front(), nullptr);
  EXPECT_EQ(wheel.size(), 2U);
  wheel.remove(waiting);
  wheel.remove(a);
  EXPECT_TRUE(wheel.empty());
  EXPECT_TRUE(wheel.next().is_never());
}

TEST(TimerWheel, RemovingTheOnlyDueTimerLeavesItsOldSlotAlone) {
  TimerWheel wheel(Instant{0});
  Timer handed_out(1);
  Timer later(2);
  wheel.insert(handed_out, Instant{ms_ns});
  TimerList due;
  wheel.expire(Instant{ms_ns}, due);
  wheel.insert(later, Instant{ms_ns});  // the same slot again
  wheel.remove(handed_out);
  EXPECT_TRUE(due.empty());
  EXPECT_EQ(fire(wheel, ms_ns), std::vector<int>{2});
}

TEST(TimerWheel, AppendsToWhatIsDueAlready) {
  TimerWheel wheel(Instant{0});
  Timer a(1), b(2);
  wheel.insert(a, Instant{1});
  wheel.insert(b, Instant{ms_ns});
  TimerList due;
  wheel.expire(Instant{1}, due);
  wheel.expire(Instant{day_ns}, due);
  EXPECT_EQ(due.pop_front(), &a);
  EXPECT_EQ(due.pop_front(), &b);
}

TEST(TimerWheel, StaysWhereItIsWhenTheClockGoesBack) {
  TimerWheel wheel(Instant{0});
  Timer due_timer(1);
  Timer future(2);
  EXPECT_TRUE(fire(wheel, day_ns).empty());
  wheel.insert(due_timer, Instant{ms_ns});
  wheel.insert(future, Instant{day_ns + 1});
  EXPECT_TRUE(fire(wheel, ms_ns - 1).empty());
  EXPECT_EQ(fire(wheel, ms_ns), std::vector<int>{1});
  EXPECT_TRUE(fire(wheel, day_ns).empty());
  EXPECT_EQ(fire(wheel, day_ns + 1), std::vector<int>{2});
}

struct Repeating : TimerEntry {
  Repeating(TimerWheel& on, std::int64_t every_ns)
      : TimerEntry([](TimerEntry& entry) noexcept {
          auto& self = static_cast<Repeating&>(entry);
          ++self.count;
          self.wheel.insert(self, Instant{self.due_ns + self.period_ns});
        }),
        wheel(on),
        period_ns(every_ns) {}
  TimerWheel& wheel;
  std::int64_t period_ns;
  int count = 0;
};

TEST(TimerWheel, MayBeArmedAgainByTheTimerThatFires) {
  TimerWheel wheel(Instant{0});
  Repeating late(wheel, ms_ns);
  Repeating always_due(wheel, 0);
  wheel.insert(late, Instant{ms_ns});
  wheel.insert(always_due, Instant{0});
  TimerList due;
  for (std::int64_t now_ns = 0; now_ns <= 100 * ms_ns; now_ns += ms_ns / 4) {
    wheel.expire(Instant{now_ns}, due);
    while (TimerEntry* entry = due.pop_front()) entry->fire(*entry);
  }
  EXPECT_EQ(late.count, 100);
  EXPECT_EQ(always_due.count, 401);  // once an expiry, not for ever within one
  wheel.remove(late);
  wheel.remove(always_due);
}

TEST(TimerWheel, CarriesAMillionTimers) {
  constexpr std::int64_t timers = 1'000'000;
  auto wheel = std::make_unique<TimerWheel>(Instant{0});
  std::vector<Timer> all(timers);
  for (std::int64_t i = 0; i < timers; ++i) {
    // A stride without a factor in common with the count: every due time once, in wild order.
    wheel->insert(all[static_cast<std::size_t>(i)], Instant{i * 7'919 % timers * 500 + 1});
  }
  EXPECT_EQ(wheel->size(), static_cast<std::size_t>(timers));
  for (std::size_t i = 0; i < all.size(); i += 2) wheel->remove(all[i]);
  EXPECT_EQ(wheel->size(), static_cast<std::size_t>(timers / 2));
  std::size_t fired = 0;
  std::int64_t before_ns = 0;
  for (std::int64_t now_ns = 0; !wheel->empty(); now_ns += ms_ns) {
    TimerList due;
    wheel->expire(Instant{now_ns}, due);
    while (TimerEntry* entry = due.pop_front()) {
      ASSERT_LE(entry->due_ns, now_ns);
      ASSERT_GT(entry->due_ns, now_ns - ms_ns);
      ASSERT_GT(entry->due_ns, before_ns - tick_ns);
      before_ns = entry->due_ns;
      ++fired;
    }
  }
  EXPECT_EQ(fired, static_cast<std::size_t>(timers / 2));
}

}  // namespace
