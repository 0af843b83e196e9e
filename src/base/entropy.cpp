#include "base/entropy.hpp"

#include "base/clock.hpp"
#include "base/hooks.hpp"
#include "base/random.hpp"

#include <sys/random.h>

namespace rota::inline v0 {

std::uint64_t entropy() noexcept {
  if (hooks.random != nullptr) [[unlikely]] return hooks.random();
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof bits, GRND_NONBLOCK) == sizeof bits) return bits;
  // A machine that has just booted, or a sandbox that denies the call: a seed may be worse there.
  return Random::mix(static_cast<std::uint64_t>(monotonic_ns()));
}

}  // namespace rota::inline v0
