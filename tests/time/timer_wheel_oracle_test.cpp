// The wheel beside an ordered map of the same timers, through random operations in virtual time:
// after every expiry the same set has fired, in the promised order, and `next` is right.
#include "time/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace {

using rota::Deadline;
using rota::Duration;
using rota::Instant;
using rota::TimerEntry;
using rota::TimerList;
using rota::TimerWheel;

constexpr unsigned tick_shift = 14;
constexpr unsigned far_bits = 62;  // 146 years

struct Timer : TimerEntry {
  Timer() : TimerEntry([](TimerEntry&) noexcept {}) {}
  std::uint64_t inserted = 0;  // serial number of its insertion
};

class Comparison {
 public:
  /// Time goes on by steps of at most 2^step_bits ns, so that it lasts for the operations;
  /// due times lie at any distance.
  Comparison(std::uint64_t seed, Instant start, std::size_t timers, unsigned step_bits)
      : random_(seed),
        now_(start),
        step_bits_(step_bits),
        wheel_(start),
        timers_(timers),
        held_(timers) {}

  void run(int operations) {
    for (int i = 0; i < operations && !testing::Test::HasFatalFailure(); ++i) {
      Timer& timer = timers_[random_() % timers_.size()];
      switch (random_() % 8) {
        case 0: advance(now_ + magnitude(step_bits_)); break;
        case 1: advance(std::min(wheel_.next().instant(), now_ + magnitude(step_bits_))); break;
        case 2:
          if (timer.armed()) remove(timer);
          break;
        default:
          if (timer.armed()) remove(timer);
          insert(timer, due());
      }
    }
    while (!oracle_.empty() && !testing::Test::HasFatalFailure()) {
      advance(oracle_.rbegin()->first);
    }
    EXPECT_TRUE(wheel_.empty());
  }

 private:
  using Oracle = std::multimap<Instant, Timer*>;

  // Any power of two below the limit is as likely as any other.
  Duration magnitude(unsigned bits) {
    return Duration{static_cast<std::int64_t>(random_() >> (64 - bits) >> (random_() % bits))};
  }

  Instant due() {
    switch (random_() % 8) {
      case 0: return now_ - magnitude(far_bits);
      case 1: return now_;
      case 2: return oracle_.empty() ? now_ : oracle_.begin()->first;  // an equal due time
      case 3: return oracle_.empty() ? now_ : oracle_.rbegin()->first;
      case 4: return now_ + Duration{static_cast<std::int64_t>(random_() % 40'000)};
      default: return now_ + magnitude(far_bits);
    }
  }

  std::size_t index(const Timer& timer) const {
    return static_cast<std::size_t>(&timer - timers_.data());
  }

  void insert(Timer& timer, Instant when) {
    timer.inserted = ++serial_;
    wheel_.insert(timer, when);
    held_[index(timer)] = oracle_.emplace(when, &timer);
  }

  void remove(Timer& timer) {
    wheel_.remove(timer);
    oracle_.erase(held_[index(timer)]);
  }

  void advance(Instant to) {
    now_ = std::max(now_, to);
    wheel_.expire(now_, due_);
    // Some of what is due is cancelled before it fires.
    while (!due_.empty() && random_() % 16 == 0) remove(static_cast<Timer&>(*due_.front()));
    const Timer* before = nullptr;
    while (TimerEntry* entry = due_.pop_front()) {
      auto& timer = static_cast<Timer&>(*entry);
      ASSERT_LE(timer.due_ns, now_.ns) << "early";
      ASSERT_EQ(held_[index(timer)]->first.ns, timer.due_ns);
      oracle_.erase(held_[index(timer)]);
      if (before != nullptr) expect_in_order(*before, timer);
      before = &timer;
    }
    ASSERT_TRUE(oracle_.empty() || oracle_.begin()->first > now_) << "a due timer did not fire";
    ASSERT_EQ(wheel_.size(), oracle_.size());
    const Deadline next = wheel_.next();
    ASSERT_TRUE(next.is_never() || next > Deadline::at(now_));
    ASSERT_LE(next, oracle_.empty() ? Deadline::never() : Deadline::at(oracle_.begin()->first));
    if (oracle_.size() <= TimerWheel::scanned_entries && !oracle_.empty()) {
      ASSERT_EQ(next, Deadline::at(oracle_.begin()->first));
    }
    fired_until_ = now_;
  }

  // By tick, then by insertion; what was due when it was inserted belongs to the tick of then.
  void expect_in_order(const Timer& a, const Timer& b) const {
    const std::int64_t a_tick = std::max(a.due_ns, fired_until_.ns) >> tick_shift;
    const std::int64_t b_tick = std::max(b.due_ns, fired_until_.ns) >> tick_shift;
    ASSERT_LE(a_tick, b_tick);
    if (a_tick == b_tick) {
      ASSERT_LT(a.inserted, b.inserted);
    }
  }

  std::mt19937_64 random_;
  Instant now_;
  Instant fired_until_ = now_;
  unsigned step_bits_;
  TimerWheel wheel_;
  TimerList due_;
  Oracle oracle_;
  std::uint64_t serial_ = 0;
  std::vector<Timer> timers_;
  std::vector<Oracle::iterator> held_;
};

constexpr std::int64_t second_ns = 1'000'000'000;

TEST(TimerWheelOracle, AgreesWithFewTimersThroughEveryMagnitude) {
  for (unsigned step_bits = 4; step_bits <= far_bits; ++step_bits) {
    Comparison(step_bits, Instant{step_bits * 12'345}, 8, step_bits).run(20'000);
  }
}

TEST(TimerWheelOracle, AgreesWithManyTimers) {
  for (const unsigned step_bits : {12U, 20U, 28U, 36U, 44U}) {
    Comparison(step_bits, Instant{0}, 5'000, step_bits).run(200'000);
  }
}

TEST(TimerWheelOracle, AgreesFromEveryNotableBeginning) {
  std::uint64_t seed = 100;
  for (const std::int64_t start_ns :
       {std::int64_t{-1}, (std::int64_t{1} << 31) * second_ns - 1,
        (std::int64_t{1} << 32) * (second_ns / 1'000) - 1, 12 * 86'400 * second_ns,
        (std::int64_t{1} << 56) - 1, std::numeric_limits<std::int64_t>::min(),
        std::numeric_limits<std::int64_t>::min() / 2,
        std::numeric_limits<std::int64_t>::max() - 10 * second_ns}) {
    Comparison(++seed, Instant{start_ns}, 100, 24).run(25'000);
    Comparison(++seed, Instant{start_ns}, 100, 42).run(25'000);
  }
}

}  // namespace
