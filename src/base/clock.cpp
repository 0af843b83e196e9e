#include "base/clock.hpp"

#include "base/hooks.hpp"
#include "base/time_units.hpp"

#include <ctime>

namespace rota::inline v0 {
namespace {

}  // namespace

std::int64_t monotonic_ns() noexcept {
  if (hooks.monotonic_ns != nullptr) [[unlikely]] return hooks.monotonic_ns();
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);  // Cannot fail: the clock exists, `time` is ours.
  return time.tv_sec * kNsPerS + time.tv_nsec;
}

}  // namespace rota::inline v0
