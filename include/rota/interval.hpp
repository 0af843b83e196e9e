#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/instant.hpp>
#include <rota/result.hpp>
#include <rota/time.hpp>

#include <cstdint>
#include <utility>

namespace rota::inline v0 {

/// What becomes of the ticks that came due while their task was busy. One of them is always yielded
/// at once.
enum class MissedTicks : std::uint8_t {
  skip,   ///< the others are dropped; the next tick is due where it would have been
  delay,  ///< the others are dropped; the next tick is due a whole period after this one
  burst,  ///< the others follow at once: there are as many ticks as periods have passed
};

class Interval;

/// The leaf of `Interval::tick`.
class TickLeaf : public SleepLeaf {
 public:
  explicit TickLeaf(Interval& interval) noexcept;

  bool start(Runnable& self) noexcept;
  Result<Instant> finish() const noexcept;

 private:
  Interval& interval_;
};

/// Ticks at equal distances. They do not drift: a tick is due a period after the one before was
/// due, however late that was taken.
///
/// @threads one task
/// @loses nothing: the tick is still due
/// @owns the timer is part of the wait
/// @errors none
///
///     Interval every_second(1s);
///     while (co_await every_second.tick()) report();
class Interval {
 public:
  /// The first tick is due a period from now. Only in a task; the period is longer than nothing.
  explicit Interval(Duration period, MissedTicks missed = MissedTicks::skip) noexcept
      : Interval(now() + period, period, missed) {}
  /// The first tick is due at `first`, which may have passed. Any thread.
  Interval(Instant first, Duration period, MissedTicks missed = MissedTicks::skip) noexcept
      : next_(first), period_(period), missed_(missed) {
    check_usage(period > Duration(), "the period of an Interval is longer than nothing");
  }

  /// Waits for the next tick; yields when it was due. One that is due is yielded at once.
  [[nodiscard]] Await<TickLeaf> tick() noexcept { return Await<TickLeaf>(std::in_place, *this); }

  /// When the next tick is due.
  [[nodiscard]] Instant next() const noexcept { return next_; }
  [[nodiscard]] Duration period() const noexcept { return period_; }
  /// Lets ticks be late, so that timers of one worker come due together (`Slack`).
  void allow(Slack slack) noexcept { slack_ = slack; }

 private:
  friend class TickLeaf;

  /// The tick that is due is taken.
  Instant take(Instant at) noexcept;

  Instant next_;
  Duration period_;
  Slack slack_;
  MissedTicks missed_;
};

}  // namespace rota::inline v0
