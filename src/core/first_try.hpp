#pragma once

#include <cstdint>

namespace rota::inline v0 {

/// Whether a quick way that may fail is tried before the sure one. A hit saves what the sure one
/// costs more, a miss was for nothing. Where tries keep missing the sure way is taken at once, but
/// for a probe now and then: what was in the way may be gone.
class FirstTry {
 public:
  /// Fewer do not count: a file that is read from its begin misses once for each stretch that the
  /// kernel then reads ahead.
  static constexpr std::uint8_t kMissesInARow = 16;
  static constexpr std::uint8_t kTurnsPerProbe = 64;

  [[nodiscard]] bool is_given_up() const noexcept { return misses_ >= kMissesInARow; }

  /// Before each that might be made.
  [[nodiscard]] bool is_worth_it() noexcept {
    if (!is_given_up()) return true;
    misses_ += 1;
    if (misses_ < kMissesInARow + kTurnsPerProbe) return false;
    misses_ = kMissesInARow;
    return true;
  }

  /// After one that was made.
  void hit() noexcept { misses_ = 0; }
  /// True: with this one it is given up.
  bool miss() noexcept { return !is_given_up() && ++misses_ == kMissesInARow; }

 private:
  std::uint8_t misses_ = 0;  ///< in a row; beyond the limit, turns since the last probe too
};

}  // namespace rota::inline v0
