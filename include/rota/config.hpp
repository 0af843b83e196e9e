#pragma once

#include <cstdint>

namespace rota::inline v0 {

/// How operations reach the kernel. `best` probes the machine, best first.
enum class DriverKind : std::uint8_t { best, select, poll, epoll, io_uring, sim };

/// How an io_uring is set up. `pinned` (SINGLE_ISSUER, DEFER_TASKRUN) is the fastest and bound to
/// one thread; `movable` (COOP_TASKRUN) may be taken over by another; `best` is pinned.
enum class RingProfile : std::uint8_t { best, pinned, movable };

/// What a driver is made of. Every limit has a default that is safe and fast.
struct DriverConfig {
  DriverKind kind = DriverKind::best;
  RingProfile ring = RingProfile::best;
  std::uint32_t ring_entries = 256;         ///< submission queue; a power of two is best
  std::uint32_t completion_entries = 4096;  ///< completion queue
  std::uint32_t bounded_ring_workers = 4;   ///< io-wq threads for file work
  std::uint32_t unbounded_ring_workers = 16;///< io-wq threads for what may block for ever
  std::uint32_t blocking_threads = 4;       ///< threads of the blocking pool
  std::uint64_t seed = 1;                   ///< sim: everything that real life leaves open;
                                            ///< 0 draws one, which driver_reason() tells
};

/// What a runtime is made of, chosen once. One worker, on the thread that calls `block_on`, runs
/// every task.
struct Config {
  DriverConfig driver;
};

}  // namespace rota::inline v0
