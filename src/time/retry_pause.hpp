#pragma once

#include <rota/core/instant.hpp>

#include <algorithm>
#include <utility>

namespace rota::inline v0 {

/// The pauses before what was refused is asked for again (a peer that has no room or has not come
/// yet, a lock), where the kernel tells nobody when that changes.
class RetryPause {
 public:
  [[nodiscard]] Duration next() noexcept { return std::exchange(next_, longer()); }

 private:
  static constexpr Duration kFirst{1'000'000};
  static constexpr Duration kLongest{50'000'000};

  [[nodiscard]] Duration longer() const noexcept { return std::min(next_ * 2, kLongest); }

  Duration next_ = kFirst;
};

}  // namespace rota::inline v0
