#pragma once

#include "driver/sim/trace.hpp"
#include "sim/defect.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace rota::simulation {

/// What came of one seed.
struct Verdict {
  std::string violation;  ///< empty: the contract was kept
  std::uint64_t trace_hash = 0;
  std::string trace_text;
  std::size_t operations = 0;
};

/// Plays the seed's program over the simulation: a few of echo pairs, pipes, chains of relays,
/// files and listeners, in the seed's weather, until everybody has finished.
Verdict play(std::uint64_t seed, Defect defect = Defect::none,
             SimTrace::Keep keep = SimTrace::Keep::hash);

}  // namespace rota::simulation
