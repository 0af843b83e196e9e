#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <limits>

namespace rota::inline v0 {

/// Anything shaped like std::chrono::duration. Asking for the shape keeps <chrono>, which costs
/// more to include than the rest of Rota's core, out of every header.
template <class D>
concept ChronoDuration = requires(const D& duration) {
  typename D::rep;
  D::period::num;
  D::period::den;
  duration.count();
} && std::numeric_limits<typename D::rep>::is_specialized;

/// A span of time in nanoseconds. Arithmetic saturates: `max()` is "for ever" and stays it.
struct Duration {
  std::int64_t ns = 0;

  constexpr Duration() noexcept = default;
  constexpr explicit Duration(std::int64_t nanoseconds) noexcept : ns(nanoseconds) {}

  /// From any std::chrono::duration, rounded up (a wait must not end early) and saturating.
  template <ChronoDuration D>
  constexpr Duration(const D& duration) noexcept  // NOLINT(google-explicit-constructor)
      : ns(from_count<D>(duration.count())) {}

  [[nodiscard]] static constexpr Duration max() noexcept {
    return Duration{std::numeric_limits<std::int64_t>::max()};
  }
  [[nodiscard]] static constexpr Duration min() noexcept {
    return Duration{std::numeric_limits<std::int64_t>::min()};
  }

  friend constexpr auto operator<=>(Duration, Duration) noexcept = default;

  friend constexpr Duration operator+(Duration a, Duration b) noexcept {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(a.ns, b.ns, &sum)) return Duration{sum};
    return b.ns > 0 ? max() : min();
  }
  friend constexpr Duration operator-(Duration a, Duration b) noexcept {
    std::int64_t difference = 0;
    if (!__builtin_sub_overflow(a.ns, b.ns, &difference)) return Duration{difference};
    return b.ns < 0 ? max() : min();
  }
  friend constexpr Duration operator*(Duration a, std::int64_t factor) noexcept {
    std::int64_t product = 0;
    if (!__builtin_mul_overflow(a.ns, factor, &product)) return Duration{product};
    return (a.ns > 0) == (factor > 0) ? max() : min();
  }
  friend constexpr Duration operator*(std::int64_t factor, Duration a) noexcept {
    return a * factor;
  }
  constexpr Duration operator-() const noexcept { return Duration{} - *this; }
  constexpr Duration& operator+=(Duration other) noexcept { return *this = *this + other; }
  constexpr Duration& operator-=(Duration other) noexcept { return *this = *this - other; }

 private:
  static constexpr std::int64_t ns_per_s = 1'000'000'000;

  static constexpr std::int64_t common_divisor(std::int64_t a, std::int64_t b) noexcept {
    while (b != 0) {
      const std::int64_t rest = a % b;
      a = b;
      b = rest;
    }
    return a;
  }

  /// One count lasts multiplier / divisor nanoseconds, in lowest terms.
  template <class D>
  static constexpr std::int64_t from_count(typename D::rep count) noexcept {
    constexpr std::int64_t shared = common_divisor(ns_per_s, D::period::den);
    constexpr std::int64_t multiplier_unreduced = D::period::num * (ns_per_s / shared);
    constexpr std::int64_t divisor_unreduced = D::period::den / shared;
    constexpr std::int64_t rest = common_divisor(multiplier_unreduced, divisor_unreduced);
    constexpr std::int64_t multiplier = multiplier_unreduced / rest;
    constexpr std::int64_t divisor = divisor_unreduced / rest;
    if constexpr (std::numeric_limits<typename D::rep>::is_integer) {
      return whole_count(count, multiplier, divisor);
    } else {
      using Real = typename D::rep;  // in its own precision: 0.2 s is 200 ms, not 1 ns more
      return real_count(count * static_cast<Real>(multiplier) / static_cast<Real>(divisor));
    }
  }

  template <class Count>
  static constexpr std::int64_t whole_count(Count count, std::int64_t multiplier,
                                            std::int64_t divisor) noexcept {
    const std::int64_t limit = count < Count{} ? min().ns : max().ns;
    std::int64_t narrow = 0;
    if (__builtin_add_overflow(count, 0, &narrow)) return limit;
    const std::int64_t quotient = narrow / divisor;
    const std::int64_t remainder = narrow % divisor;
    std::int64_t whole = 0;
    std::int64_t part = 0;
    if (__builtin_mul_overflow(quotient, multiplier, &whole)) return limit;
    if (__builtin_mul_overflow(remainder, multiplier, &part)) return limit;
    // Division drops the fraction: that rounds up below zero, and above it one is added.
    const std::int64_t up = part > 0 && part % divisor != 0 ? 1 : 0;
    return (Duration{whole} + Duration{part / divisor} + Duration{up}).ns;
  }

  template <class Real>
  static constexpr std::int64_t real_count(Real exact_ns) noexcept {
    if (exact_ns != exact_ns) return 0;  // not a number: no time at all rather than for ever
    if (exact_ns >= static_cast<Real>(max().ns)) return max().ns;
    if (exact_ns <= static_cast<Real>(min().ns)) return min().ns;
    const auto whole = static_cast<std::int64_t>(exact_ns);
    return static_cast<Real>(whole) < exact_ns ? whole + 1 : whole;
  }
};

/// A moment on the monotonic clock, in nanoseconds since that clock's own beginning. Adding and
/// subtracting durations saturates, so `now + Duration::max()` is the end of time, not the past.
struct Instant {
  std::int64_t ns = 0;

  [[nodiscard]] static constexpr Instant max() noexcept { return Instant{Duration::max().ns}; }
  [[nodiscard]] static constexpr Instant min() noexcept { return Instant{Duration::min().ns}; }

  friend constexpr auto operator<=>(Instant, Instant) noexcept = default;

  friend constexpr Instant operator+(Instant a, Duration b) noexcept {
    return Instant{(Duration{a.ns} + b).ns};
  }
  friend constexpr Instant operator+(Duration a, Instant b) noexcept { return b + a; }
  friend constexpr Instant operator-(Instant a, Duration b) noexcept {
    return Instant{(Duration{a.ns} - b).ns};
  }
  friend constexpr Duration operator-(Instant a, Instant b) noexcept {
    return Duration{a.ns} - Duration{b.ns};
  }
};

/// How late a timer may be. Those of one worker whose ranges overlap then mostly come due at the
/// same moment, and the worker wakes once for them.
struct Slack {
  Duration at_most;

  constexpr Slack() noexcept = default;  ///< none
  constexpr explicit Slack(Duration late) noexcept : at_most(late) {}
};

/// The roundest moment from `due` until the slack is used up: the one that is a multiple of the
/// largest power of two. Timers that are due near each other meet there.
[[nodiscard]] constexpr Instant coalesced(Instant due, Slack slack) noexcept {
  const Instant latest = due + slack.at_most;
  if (latest <= due || due.ns <= 0 || latest == Instant::max()) return due;
  // Above their highest different bit the two agree; `latest` has that bit and the one before `due`
  // has not.
  const auto before = static_cast<std::uint64_t>(due.ns - 1);
  const auto last = static_cast<std::uint64_t>(latest.ns);
  const std::uint64_t below = std::bit_floor(before ^ last) - 1;
  return Instant{static_cast<std::int64_t>(last & ~below)};
}

/// Until when a wait may last: an instant, `never()` (no limit) or `now()` (do not wait at all).
/// Ordered: now() before every instant, never() after; so the nearer of two is std::min. The two
/// ends of Instant's range are these two: an instant at the end of time never comes.
struct Deadline {
  constexpr Deadline() noexcept = default;  ///< never

  [[nodiscard]] static constexpr Deadline never() noexcept { return Deadline{Instant::max()}; }
  [[nodiscard]] static constexpr Deadline now() noexcept { return Deadline{Instant::min()}; }
  [[nodiscard]] static constexpr Deadline at(Instant instant) noexcept { return Deadline{instant}; }

  [[nodiscard]] constexpr bool is_never() const noexcept { return instant_ == Instant::max(); }
  [[nodiscard]] constexpr bool is_now() const noexcept { return instant_ == Instant::min(); }
  [[nodiscard]] constexpr Instant instant() const noexcept { return instant_; }

  /// True for now() whatever the time, false for never().
  [[nodiscard]] constexpr bool passed(Instant moment) const noexcept {
    return !is_never() && instant_ <= moment;
  }
  /// How long a wait that begins at `moment` may last: zero when passed, max() for never().
  [[nodiscard]] constexpr Duration remaining(Instant moment) const noexcept {
    if (is_never()) return Duration::max();
    return instant_ <= moment ? Duration{} : instant_ - moment;
  }

  friend constexpr auto operator<=>(Deadline, Deadline) noexcept = default;

 private:
  constexpr explicit Deadline(Instant instant) noexcept : instant_(instant) {}

  Instant instant_ = Instant::max();
};

}  // namespace rota::inline v0
