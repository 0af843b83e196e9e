#pragma once

#include <cstdint>

namespace rota::testing_stress {

/// While it lives, threads give way to others at the points where the runtime meets with itself
/// (base/hooks.hpp), at random: what takes a few instructions takes a time slice now and then.
/// No runtime may exist when it begins or ends.
class Unrest {
 public:
  /// Of a thousand crossings so many are followed by another thread.
  explicit Unrest(std::uint32_t per_mille) noexcept;
  ~Unrest();
  Unrest(const Unrest&) = delete;
  Unrest& operator=(const Unrest&) = delete;
};

}  // namespace rota::testing_stress
