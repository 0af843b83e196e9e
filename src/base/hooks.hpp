#pragma once

#include <cstdint>

namespace rota::inline v0 {

struct Seat;

/// What a simulation replaces. Set before any runtime exists; read by every thread, never written
/// while one runs. A null entry means the real thing.
struct Hooks {
  std::int64_t (*monotonic_ns)() = nullptr;
  std::uint64_t (*random)() = nullptr;
  Seat* (*current_seat)() = nullptr;
  void (*carrier_started)() = nullptr;
  void (*before_park)() = nullptr;
};

inline constinit Hooks hooks{};

}  // namespace rota::inline v0
