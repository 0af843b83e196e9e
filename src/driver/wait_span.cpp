#include "driver/wait_span.hpp"

#include "base/clock.hpp"
#include "base/time_units.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace rota::inline v0 {
namespace {

constexpr std::int64_t kMsPerS = 1'000;

}  // namespace

Instant monotonic_now() noexcept { return Instant{monotonic_ns()}; }

WaitSpan::WaitSpan(Deadline until) noexcept : endless_(until.is_never()) {
  if (endless_ || until.is_now()) return;  // The clock is read only when its time matters.
  const std::int64_t ns = until.remaining(monotonic_now()).ns;
  left_ = {ns / kNsPerS, ns % kNsPerS};
}

int WaitSpan::milliseconds() const noexcept {
  if (endless_) return -1;
  const std::int64_t most = std::numeric_limits<int>::max();
  if (left_.tv_sec >= most / kMsPerS) return static_cast<int>(most);
  const std::int64_t up = (left_.tv_nsec + kNsPerMs - 1) / kNsPerMs;
  return static_cast<int>(left_.tv_sec * kMsPerS + up);
}

}  // namespace rota::inline v0
