#pragma once

#include <cstdint>

namespace rota::inline v0 {

/// Bits that nobody can foresee, from the kernel or from what a simulation put in its place: for
/// seeds. Not for secrets. Where bits are drawn again and again, a Random is seeded with them.
[[nodiscard]] std::uint64_t entropy() noexcept;

}  // namespace rota::inline v0
