#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rota::inline v0 {

/// Which places of a part of a ring's table are free. The ring's owner says which one is to be
/// used, and not the kernel: where that is asked to find one and there is none, it has accepted the
/// connection already, and drops it. Used by the ring's carrier.
class UringPlaces {
 public:
  /// These are the ones. Once.
  void have(std::uint32_t first, std::uint32_t count) noexcept {
    first_ = next_ = first;
    end_ = first + count;
  }

  /// The one that was used last, or one that never was; -1: there is none.
  [[nodiscard]] std::int32_t take() {
    if (!free_.empty()) {
      const std::uint32_t place = free_.back();
      free_.pop_back();
      return static_cast<std::int32_t>(place);
    }
    if (next_ == end_) return -1;
    const std::size_t out = next_ - first_ + 1;
    if (free_.capacity() < out) free_.reserve(2 * out);
    return static_cast<std::int32_t>(next_++);
  }
  /// There is room for all that are out.
  void give_back(std::int32_t place) noexcept {
    free_.push_back(static_cast<std::uint32_t>(place));
  }

 private:
  std::uint32_t first_ = 0;
  std::uint32_t next_ = 0;  ///< from here on none was ever taken
  std::uint32_t end_ = 0;
  std::vector<std::uint32_t> free_;
};

}  // namespace rota::inline v0
