#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rota::model {

inline constexpr std::size_t max_threads = 8;

// What a thread knows of every thread: entry t counts the release points of t whose past it has
// seen. The accesses of t up to its n-th release point happen before a thread whose entry t is n.
struct VectorClock {
  // So narrow that all entries are one vector register: most of what the explorer does is to join
  // them. An execution has fewer steps than that.
  using Epoch = std::int16_t;
  using Entries [[gnu::vector_size(max_threads * sizeof(Epoch))]] = Epoch;

  Entries seen{};

  void join(const VectorClock& other) noexcept { seen = seen < other.seen ? other.seen : seen; }

  [[nodiscard]] bool covers(const VectorClock& other) const noexcept {
    const auto ahead = std::bit_cast<std::array<std::uint64_t, 2>>(seen < other.seen);
    return (ahead[0] | ahead[1]) == 0;
  }

  // The first thread whose entry in `other` is ahead of ours.
  [[nodiscard]] std::size_t first_ahead(const VectorClock& other) const noexcept {
    std::size_t t = 0;
    while (t + 1 < max_threads && seen[t] >= other.seen[t]) {
      ++t;
    }
    return t;
  }
};

}  // namespace rota::model
