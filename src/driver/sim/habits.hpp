#pragma once

#include <rota/core/instant.hpp>

#include "base/random.hpp"

#include <cstdint>

namespace rota::inline v0 {

/// How one seed behaves where nothing is wrong: all of this any kernel may do. Swarm style: one
/// seed is prompt and complete, another slow and piecemeal, so that both extremes are met.
struct SimHabits {
  std::uint32_t held_per_mille;           ///< operations that could complete and are held back
  std::uint32_t held_rounds;              ///< for how many rounds at most
  std::uint32_t short_per_mille;          ///< attempts that are given a smaller length
  std::uint32_t late_cancel_rounds;       ///< how late a cancel takes effect at most
  std::uint32_t raced_cancel_per_mille;   ///< cancels that meet one more attempt
  std::uint32_t disarmed_per_mille;       ///< deliveries after which a Stream must be started anew
  Instant begin;                          ///< where the clock starts

  static SimHabits swarm(Random& random) noexcept;
};

}  // namespace rota::inline v0
