#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rota::model {

inline constexpr std::size_t max_threads = 8;

// What a thread knows of every thread: entry t counts the release points of t whose past it has
// seen. The accesses of t up to its n-th release point happen before a thread whose entry t is n.
struct VectorClock {
  std::array<std::uint32_t, max_threads> seen{};

  void join(const VectorClock& other) noexcept {
    for (std::size_t t = 0; t < max_threads; ++t) {
      seen[t] = seen[t] < other.seen[t] ? other.seen[t] : seen[t];
    }
  }

  [[nodiscard]] bool covers(const VectorClock& other) const noexcept {
    bool covered = true;
    for (std::size_t t = 0; t < max_threads; ++t) {
      covered = covered && seen[t] >= other.seen[t];
    }
    return covered;
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
