#pragma once

#include <cstdint>

namespace rota::inline v0 {

/// Of one runtime.
inline constexpr std::uint32_t most_workers = 256;

}  // namespace rota::inline v0
