#include "runtime/capabilities/groups.hpp"

#include "base/cpu_topology.hpp"
#include "sched/placement.hpp"

#include <cstddef>

namespace rota::inline v0 {
namespace {

constexpr std::size_t kMostWorkers = 16;  // as many lines say how the rest goes on
constexpr std::size_t kMostEquals = 4;    // of the victims that are equally near

std::string words_of(Nearness nearness) {
  switch (nearness) {
    case Nearness::core: return "its core";
    case Nearness::l2: return "its L2 cache";
    case Nearness::l3: return "its L3 cache";
    case Nearness::node: return "its node";
    case Nearness::machine: break;
  }
  return "other nodes";
}

/// "1 (its core), 2 3 4 5 … (its L3 cache)".
std::string victims_text(const Placement& placement, std::size_t thief) {
  const auto order = victims_by_distance(placement, thief);
  const Place& here = placement.places[thief];
  std::string text;
  for (std::size_t at = 0; at < order.size();) {
    const Nearness near = nearness(here, placement.places[order[at]]);
    text += text.empty() ? "" : ", ";
    std::size_t equals = 0;
    for (; at < order.size() && nearness(here, placement.places[order[at]]) == near; ++at) {
      if (equals < kMostEquals) text += std::to_string(order[at]) + ' ';
      if (equals++ == kMostEquals) text += "… ";
    }
    text += '(' + words_of(near) + ')';
  }
  return text;
}

void list_worker(CapabilityList& list, const Placement& placement, std::size_t worker) {
  const Place& place = placement.places[worker];
  std::string where = "on no particular CPU";
  if (place.cpu >= 0) {
    where = "CPU " + std::to_string(place.cpu) + ", node " + std::to_string(place.node);
    const std::string victims = victims_text(placement, worker);
    if (!victims.empty()) where += "; pinned there, would steal from " + victims;
  }
  list.fact("worker " + std::to_string(worker), where);
}

}  // namespace

void probe_placement(CapabilityList& list) {
  list.begin_group("placement");
  const Machine machine = read_machine();
  SchedulerConfig config;
  config.kind = SchedulerKind::stealing;
  const Placement stealing = choose_placement(machine, config);
  config.kind = SchedulerKind::per_core;
  const Placement placement = choose_placement(machine, config);
  list.fact("one worker per core", placement.reason);
  list.fact("work stealing", stealing.reason);
  for (std::size_t worker = 0; worker < placement.places.size(); ++worker) {
    if (worker == kMostWorkers) {
      list.fact("further workers",
                std::to_string(placement.places.size() - worker) + ", in the same manner");
      return;
    }
    list_worker(list, placement, worker);
  }
}

}  // namespace rota::inline v0
