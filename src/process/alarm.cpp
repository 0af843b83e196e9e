#include <rota/alarm.hpp>

#include <rota/fd_watch.hpp>

#include "base/time_units.hpp"
#include "base/unique_fd.hpp"

#include <poll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace rota::inline v0 {

namespace {

/// Arms it for a moment of the wall clock; a read of it then also fails when the clock is set.
/// Where that was since the last read, the kernel arms it and says so: ECANCELED.
Result<void> arm(const UniqueFd& timer, WallTime when) {
  // A value of zero would disarm it, and negative ones are refused: both have passed long ago.
  const std::int64_t ns = std::max<std::int64_t>(when.ns, 1);
  const itimerspec due{{}, {ns / kNsPerS, ns % kNsPerS}};
  constexpr int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
  const bool armed = timerfd_settime(timer.number(), flags, &due, nullptr) == 0;
  if (!armed && errno != ECANCELED) return failure(errno);
  return {};
}

enum class Rang : std::uint8_t { yes, not_yet, clock_was_set };

Result<Rang> look(const UniqueFd& timer) {
  std::uint64_t expirations = 0;
  if (::read(timer.number(), &expirations, sizeof expirations) > 0) return Rang::yes;
  switch (errno) {
    case ECANCELED: return Rang::clock_was_set;
    case EAGAIN:
    case EINTR: return Rang::not_yet;
    default: return failure(errno);
  }
}

/// Until the timer has rung, armed again each time the clock was set.
Task<Result<void>> wait_for(const UniqueFd& timer, FdWatch& watch, WallTime when) {
  for (;;) {
    Result<PollEvents> ready = co_await watch.wait(POLLIN);
    if (!ready) co_return std::unexpected(ready.error());
    Result<Rang> rang = look(timer);
    if (!rang) co_return std::unexpected(rang.error());
    if (*rang == Rang::yes) co_return Result<void>();
    if (*rang == Rang::not_yet) continue;
    Result<void> armed = arm(timer, when);
    if (!armed) co_return armed;
  }
}

}  // namespace

WallTime WallTime::now() noexcept {
  timespec moment{};
  clock_gettime(CLOCK_REALTIME, &moment);
  return WallTime(moment.tv_sec * kNsPerS + moment.tv_nsec);
}

Task<Result<void>> alarm(WallTime when) {
  const UniqueFd timer(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer.valid()) co_return Result<void>(failure(errno));
  Result<void> armed = arm(timer, when);
  if (!armed) co_return armed;
  FdWatch watch(timer.number());
  Task<Result<void>> waiting = wait_for(timer, watch, when);
  Result<void> waited = co_await std::move(waiting);
  Result<void> forgotten = co_await watch.forget();
  static_cast<void>(forgotten);
  co_return waited;
}

}  // namespace rota::inline v0
