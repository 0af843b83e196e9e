#pragma once

#include <rota/core/build_mark.hpp>

#include <cstdint>
#include <system_error>

namespace rota::inline v0 {

/// The error of a subscriber that was too slow: so many values were overwritten before it looked.
[[nodiscard]] std::error_code lag_error(std::uint64_t missed) noexcept;
/// How many values an error says were missed; 0 when it says something else. It counts to INT_MAX.
[[nodiscard]] std::uint64_t values_missed(const std::error_code& error) noexcept;

}  // namespace rota::inline v0
