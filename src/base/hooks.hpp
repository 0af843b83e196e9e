#pragma once

#include <cstdint>

namespace rota::inline v0 {

/// Where workers meet.
enum class Crossing : std::uint8_t {
  idle,   ///< a worker has nothing to run, and is about to announce its sleep
  last,   ///< it has announced it, and is about to look once more
  visit,  ///< it is inside a Descriptor of another, before its system call or sending it there
  // Where tasks move, and `run` in every simulation of several workers:
  run,    ///< it is about to run a task that lives there
  move,   ///< it is about to become the home of one that it took from another
  stole,  ///< it has stolen, and nobody has been told yet
  stay,   ///< after the call of a visit, before it takes the Descriptor home or sends it there
};

/// What a simulation replaces. Set before any runtime exists; read by every thread, never written
/// while one runs. A null entry means the real thing.
struct Hooks {
  std::int64_t (*monotonic_ns)() = nullptr;
  std::uint64_t (*random)() = nullptr;
  void (*carrier_started)() = nullptr;
  /// For a stress test, which lets other threads run there.
  void (*crossing)(Crossing) = nullptr;
};

inline constinit Hooks hooks{};

}  // namespace rota::inline v0
