#pragma once

#include "runtime/contention/case.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rota::inline v0 {

/// Where the two threads run: two CPUs.
struct ContentionCpus {
  int measured;
  int neighbour;
};

/// What one thread did in a window.
struct WorkSpan {
  std::int64_t began_ns = 0;
  std::int64_t ended_ns = 0;
};

/// Whether two threads worked at the same time for at least 80 % of the time in which any did.
[[nodiscard]] bool overlap(const WorkSpan& one, const WorkSpan& other) noexcept;

struct PairResult {
  std::vector<double> ns_per_operation;  ///< of the measured thread, per window that counts
  std::size_t windows = 0;               ///< with those that do not, without the warm-up
  std::string refusal;                   ///< why a thread could not be pinned
};

/// Runs windows until enough of them count, or for a limited time. Starts threads of its own.
[[nodiscard]] PairResult measure_pair(Contended& contended, Threads threads,
                                      const ContentionCpus& cpus);

}  // namespace rota::inline v0
