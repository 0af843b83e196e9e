#pragma once

#include <rota/config.hpp>

#include "base/cpu_topology.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rota::inline v0 {

/// How many workers there are, and where each of them runs.
struct Placement {
  std::vector<Place> places;  ///< one per worker; `cpu` is -1 where it is not pinned
  NodeDistances distances;
  std::string reason;  ///< sentences for people: why so many, and why there
};

/// How many workers keep all CPUs that may be used busy; fewer than these, where their quota ends
/// sooner.
[[nodiscard]] std::size_t cpus_kept_busy(const Machine& machine);

/// As many workers as asked for; 0 leaves it to the machine: one per CPU that may be used, but no
/// more than its quota keeps busy. Workers are placed on cores before a core gets a second one,
/// and close together: node by node, the nearest to the first one before others.
[[nodiscard]] Placement choose_placement(const Machine& machine, unsigned workers, Pinning pinning);

/// The same for a scheduler, each of which has its own best pinning: per_core or stealing. (The
/// worker of `single` is wherever its caller is.)
[[nodiscard]] Placement choose_placement(const Machine& machine, const SchedulerConfig& config);

/// What two workers share, the most first. Workers that are not pinned stand nowhere, all in the
/// same place.
enum class Nearness : std::uint8_t { core, l2, l3, node, machine };

[[nodiscard]] Nearness nearness(const Place& one, const Place& other) noexcept;

/// All other workers in the order in which `thief` looks at them: the nearest first, then by the
/// distance of their nodes. Among equals each thief begins with another one, so that an idle
/// machine does not fall upon its first worker.
[[nodiscard]] std::vector<std::uint16_t> victims_by_distance(const Placement& placement,
                                                             std::size_t thief);

}  // namespace rota::inline v0
