#pragma once

#include <rota/core/instant.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <compare>
#include <cstdint>

namespace rota::inline v0 {

/// Anything shaped like a std::chrono::time_point.
template <class T>
concept ChronoTimePoint = requires(const T& moment) {
  typename T::clock;
  { moment.time_since_epoch() } -> ChronoDuration;
};

/// A moment of the wall clock, in nanoseconds since the beginning of 1970, UTC. Unlike an Instant
/// it may come twice, or never: the clock can be set.
struct WallTime {
  std::int64_t ns = 0;

  constexpr WallTime() noexcept = default;
  constexpr explicit WallTime(std::int64_t since_1970) noexcept : ns(since_1970) {}
  /// From a std::chrono::system_clock::time_point.
  template <ChronoTimePoint T>
  constexpr WallTime(const T& moment) noexcept  // NOLINT(google-explicit-constructor)
      : ns(Duration(moment.time_since_epoch()).ns) {}

  /// What the clock says. Any thread.
  [[nodiscard]] static WallTime now() noexcept;

  friend constexpr auto operator<=>(WallTime, WallTime) noexcept = default;
  friend constexpr WallTime operator+(WallTime a, Duration b) noexcept {
    return WallTime((Duration(a.ns) + b).ns);
  }
};

/// Waits until the wall clock says `when` or later, whatever is done to the clock meanwhile: when
/// it is set forward beyond `when` the alarm ends at once, when it is set back it waits for longer.
/// A moment that has passed ends it at once. Under simulation it follows the machine's clock, not
/// the virtual one. To wait for a span of time use `sleep`, which the wall clock does not disturb.
///
/// @threads one task
/// @loses nothing
/// @owns it has a file descriptor of the process while it waits
/// @errors what timerfd_create(2) says: `too_many_files_open`, `too_many_files_open_in_system`,
/// `not_enough_memory`
[[nodiscard]] Task<Result<void>> alarm(WallTime when);

}  // namespace rota::inline v0
