#pragma once

#include <rota/core/operation.hpp>

#include "core/descriptor.hpp"
#include "driver/driver_counters.hpp"

#include <cstdint>

namespace rota::inline v0 {

/// Whether a read of a file is tried at once, by RWF_NOWAIT, before it goes to a ring or a thread.
/// A hit saves a hop; a miss is a system call for nothing. So a file whose reads keep missing is
/// asked no more, but for a probe now and then: somebody may have read it meanwhile.
///
/// What that saves is CPU time, some 1.3 µs of a try, and no latency: a miss has the kernel begin
/// to read, so that a cold page came by way of a thread after 124 µs with a try and without.
///
/// Only `kMissesInARow` of them count, for a file that is read from its begin misses once for each
/// stretch that the kernel then reads ahead.
inline constexpr std::uint8_t kMissesInARow = 16;
inline constexpr std::uint8_t kReadsPerProbe = 64;

[[nodiscard]] inline bool is_demoted(const Descriptor& file) noexcept {
  return file.missed_reads >= kMissesInARow;
}

/// Before a read that may be tried.
[[nodiscard]] inline bool is_read_worth_a_try(Descriptor& file) noexcept {
  if (!is_demoted(file)) return true;
  file.missed_reads += 1;
  if (file.missed_reads < kMissesInARow + kReadsPerProbe) return false;
  file.missed_reads = kMissesInARow;
  return true;
}

/// After one that was.
inline void note_first_read(Descriptor& file, bool completed, DriverCounters& counters) noexcept {
  if (completed) {
    file.missed_reads = 0;
  } else if (!is_demoted(file) && ++file.missed_reads == kMissesInARow) {
    counters.demoted_reads += 1;
  }
}

}  // namespace rota::inline v0
