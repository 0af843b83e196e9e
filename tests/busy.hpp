#pragma once

#include <cstdint>

namespace rota {

/// User code that takes its time: about as many nanoseconds as `units`. What it counts is volatile,
/// since a loop that does nothing is no loop for the optimiser, a fence between its rounds or not.
inline void stay_busy(std::uint32_t units) noexcept {
  volatile std::uint32_t left = units;
  while (left != 0) {
    left = left - 1;
  }
}

}  // namespace rota
