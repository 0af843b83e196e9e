#pragma once

#include <rota/core/instant.hpp>
#include <rota/core/operation.hpp>

#include "base/clock.hpp"
#include "base/time_units.hpp"

#include <cstdint>

namespace rota::inline v0 {

/// When an operation came to an engine's queue: the low 32 bits of a count of milliseconds, which
/// turn over in 49 days. While it waits there it stands in the place of its `result`, which it does
/// not have yet.
struct QueueStamp {
  std::uint32_t ms;

  [[nodiscard]] static QueueStamp now() noexcept {
    return {static_cast<std::uint32_t>(monotonic_ns() / kNsPerMs)};
  }
  [[nodiscard]] static QueueStamp of(const Operation& waiting) noexcept {
    return {static_cast<std::uint32_t>(waiting.result)};
  }

  void put_on(Operation& operation) const noexcept {
    operation.result = static_cast<std::int32_t>(ms);
  }
  [[nodiscard]] Duration age() const noexcept { return Duration((now().ms - ms) * kNsPerMs); }
};

}  // namespace rota::inline v0
