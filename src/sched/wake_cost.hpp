#pragma once

#include <rota/core/instant.hpp>

namespace rota::inline v0 {

/// How many wakes `wake_cost` takes the lower quartile of.
inline constexpr int wake_cost_rounds = 16;

struct WakeCost {
  Duration wake;  ///< from when a thread is roused, which sleeps in the kernel on another CPU, or
                  ///< on the same one where only one is allowed, until it runs
  Duration call;  ///< what of that is the call that rouses it
};

/// What it costs on this machine to rouse a thread. Zero when there are no threads for it.
///
/// Measured by the first caller, which it blocks for a millisecond or two and for which it starts
/// two threads; known from then on. Any thread.
[[nodiscard]] WakeCost wake_cost() noexcept;

}  // namespace rota::inline v0
