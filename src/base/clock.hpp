#pragma once

#include <cstdint>

namespace rota::inline v0 {

/// CLOCK_MONOTONIC, or what a simulation put in its place.
[[nodiscard]] std::int64_t monotonic_ns() noexcept;

}  // namespace rota::inline v0
