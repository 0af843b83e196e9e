#pragma once

#include <rota/config.hpp>
#include <rota/core/instant.hpp>

#include <cstddef>

namespace rota::inline v0 {

/// How the workers of a runtime wait: what was asked for, in numbers.
struct WaitRule {
  Waiting waiting = Waiting::block;
  Duration spin;           ///< where `waiting` is spin_then_block: before each sleep
  bool gives_way = false;  ///< where it is busy_poll: others may need the CPU
};

/// More would cost more than the wakes that it saves, however dear they are.
inline constexpr Duration most_spin{50'000};

/// How long to spin where nobody says it: twice the wake that it may save, which costs at most
/// three times the best choice whenever the work comes; nothing where each CPU that may be used
/// has a worker of its own, as a spin then takes the CPU that whoever has the work needs.
[[nodiscard]] Duration derived_spin(Duration wake, std::size_t workers, std::size_t cpus) noexcept;

/// Looks at the machine where that decides, and measures its wakes where the configuration leaves
/// the spin to it and `known_wake`, what one takes, is zero.
[[nodiscard]] WaitRule choose_wait(const SchedulerConfig& config, std::size_t workers,
                                   Duration known_wake = {});

}  // namespace rota::inline v0
