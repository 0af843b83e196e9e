#include <rota/contention.hpp>

#include "base/cpu_topology.hpp"
#include "runtime/contention/case.hpp"
#include "runtime/contention/pair.hpp"
#include "sched/placement.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace rota::inline v0 {
namespace {

/// A round in which fewer windows overlapped has no figure.
constexpr std::size_t kFewestWindows = 10;

std::string sharing_of(Nearness nearness) {
  switch (nearness) {
    case Nearness::core: return "two threads of one core";
    case Nearness::l2: return "which share an L2 cache";
    case Nearness::l3: return "which share an L3 cache";
    case Nearness::node: return "on one NUMA node";
    case Nearness::machine: break;
  }
  return "on two NUMA nodes";
}

double median_of(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

void add_round(ContentionCase& to, PairResult& result, unsigned rounds) {
  std::vector<double>& counted = result.ns_per_operation;
  const bool enough = counted.size() >= kFewestWindows;
  if (result.windows > 0) {
    const double share = static_cast<double>(counted.size()) / static_cast<double>(result.windows);
    to.counted_share += share / rounds;
  }
  to.ns_per_operation.push_back(enough ? std::optional(median_of(counted)) : std::nullopt);
}

}  // namespace

std::expected<ContentionReport, std::string> measure_contention(unsigned rounds) {
  const Machine machine = read_machine();
  if (machine.cpus.size() < 2) {
    return std::unexpected(
        "two threads contend for a line only on two CPUs, and this process may "
        "use one.");
  }
  const auto places = choose_placement(machine, 2, Pinning::always).places;
  const ContentionCpus cpus{places[0].cpu, places[1].cpu};
  const auto& plans = contention_plans();
  ContentionReport report{"CPU " + std::to_string(cpus.measured) + " and CPU " +
                              std::to_string(cpus.neighbour) + ", " +
                              sharing_of(nearness(places[0], places[1])),
                          {}};
  for (const ContentionPlan& plan : plans) {
    report.cases.push_back({plan.structure, plan.layout, plan.padded, {}, 0});
  }
  for (unsigned round = 0; round < rounds; ++round) {
    for (std::size_t nth = 0; nth < plans.size(); ++nth) {
      const std::size_t at = (nth + round) % plans.size();  // each round begins with another one
      const auto contended = plans[at].make();
      PairResult result = measure_pair(*contended, plans[at].threads, cpus);
      if (!result.refusal.empty()) return std::unexpected(std::move(result.refusal));
      add_round(report.cases[at], result, rounds);
    }
  }
  return report;
}

}  // namespace rota::inline v0
