#pragma once

#include <cstdint>

namespace rota::inline v0 {

struct Seat;

/// Where threads meet in a runtime whose tasks move.
enum class Crossing : std::uint8_t {
  run,    ///< a worker is about to run a task that lives there
  move,   ///< it is about to become the home of one that it took from another
  stole,  ///< it has stolen, and nobody has been told yet
  visit,  ///< it is inside a Descriptor of another, before its system call
  stay,   ///< and after it, before it takes the Descriptor home or sends its operation there
};

/// What a simulation replaces. Set before any runtime exists; read by every thread, never written
/// while one runs. A null entry means the real thing.
struct Hooks {
  std::int64_t (*monotonic_ns)() = nullptr;
  std::uint64_t (*random)() = nullptr;
  Seat* (*current_seat)() = nullptr;
  void (*carrier_started)() = nullptr;
  void (*before_park)() = nullptr;
  /// For a stress test, which lets other threads run there. Never called where tasks do not move.
  void (*crossing)(Crossing) = nullptr;
};

inline constinit Hooks hooks{};

inline void cross(Crossing crossing) noexcept {
  if (hooks.crossing != nullptr) [[unlikely]]
    hooks.crossing(crossing);
}

}  // namespace rota::inline v0
