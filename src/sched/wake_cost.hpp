#pragma once

#include <rota/core/instant.hpp>

namespace rota::inline v0 {

/// How many wakes `wake_cost` takes the median of.
inline constexpr int wake_cost_rounds = 16;

/// How long it takes on this machine from the moment a thread rouses another one, which sleeps in
/// the kernel on another CPU, until that one runs. Zero when there are no threads to be had for it.
///
/// Measured by the first caller, which it blocks for a millisecond or two and for which it starts
/// two threads; known from then on. Any thread.
[[nodiscard]] Duration wake_cost() noexcept;

}  // namespace rota::inline v0
