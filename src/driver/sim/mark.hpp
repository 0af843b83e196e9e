#pragma once

#include <rota/core/operation.hpp>

#include <bit>
#include <cstdint>

namespace rota::inline v0 {

/// What the simulation remembers of an operation, in its `driver_bits`.
struct SimMark {
  std::uint8_t hold_rounds = 0;    ///< not attempted before
  std::uint8_t cancel_rounds = 0;  ///< a cancel takes effect after
  std::uint8_t cancel_asked = 0;   ///< bool
  std::uint8_t blocked = 0;        ///< bool: an attempt found it not ready

  static SimMark of(const Operation& operation) noexcept {
    return std::bit_cast<SimMark>(operation.driver_bits);
  }
  void put(Operation& operation) const noexcept {
    operation.driver_bits = std::bit_cast<std::uint32_t>(*this);
  }
};
static_assert(sizeof(SimMark) == sizeof(Operation::driver_bits));

}  // namespace rota::inline v0
