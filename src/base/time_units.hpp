#pragma once

#include <cstdint>

namespace rota::inline v0 {

inline constexpr std::int64_t kNsPerUs = 1'000;
inline constexpr std::int64_t kNsPerMs = 1'000'000;
inline constexpr std::int64_t kNsPerS = 1'000'000'000;

}  // namespace rota::inline v0
