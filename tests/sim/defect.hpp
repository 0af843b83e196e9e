#pragma once

#include <cstdint>

namespace rota::simulation {

/// A bug that is put into a run on purpose, to see that the oracle finds it.
enum class Defect : std::uint8_t {
  none,
  source_ignores_short_count,  ///< goes on as if every byte of the write had moved
  relay_ignores_short_count,
  sink_forgets_progress,       ///< treats a read that was cancelled late as if it had moved nothing
  file_ignores_short_count,
  driver_completes_twice,
  driver_loses_completion,
  driver_drops_cancel,
  driver_reverses_lanes,       ///< starts the operations of a batch in the wrong order
  driver_writes_late,          ///< touches the buffer of a read after it came back
  driver_returns_early,        ///< ends turns before their deadline for no reason
  driver_stops_its_clock,
};

}  // namespace rota::simulation
