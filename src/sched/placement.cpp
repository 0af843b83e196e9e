#include "sched/placement.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <tuple>
#include <utility>

namespace rota::inline v0 {
namespace {

/// The CPUs in the order in which workers get them.
std::vector<Place> filling_order(const Machine& machine) {
  using Key = std::tuple<unsigned, unsigned, int, int, int, int, int>;
  std::map<int, unsigned> on_core;
  std::vector<std::pair<Key, Place>> keyed;
  for (const Place& place : machine.cpus) {
    const unsigned siblings_before = on_core[place.core]++;
    const unsigned far = machine.distances.between(machine.cpus.front().node, place.node);
    keyed.push_back(
        {{siblings_before, far, place.node, place.l3, place.l2, place.core, place.cpu}, place});
  }
  std::ranges::sort(keyed, {}, &std::pair<Key, Place>::first);
  std::vector<Place> order;
  for (const auto& [key, place] : keyed) order.push_back(place);
  return order;
}

/// A quota of half a CPU keeps one worker busy for half of the time.
std::size_t kept_busy_by(const CpuQuota& quota) {
  return static_cast<std::size_t>(std::max(1.0, std::ceil(quota.cpus)));
}

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

std::string why_as_many(const Machine& machine, std::size_t workers, bool asked) {
  const std::string said = counted(workers, "worker");
  if (machine.cpus.empty()) return said + ": the kernel does not tell which CPUs may be used.";
  const std::string cpus = counted(machine.cpus.size(), "CPU");
  if (asked) return said + " on " + cpus + ", as asked for.";
  if (workers == machine.cpus.size()) return said + ": one for each CPU that may be used.";
  return said + " on " + cpus + ": more would only be sooner at the end of the quota, " +
         in_words(machine.quota) + '.';
}

}  // namespace

std::size_t cpus_kept_busy(const Machine& machine) {
  const std::size_t cpus = std::max<std::size_t>(machine.cpus.size(), 1);
  return machine.quota ? std::min(cpus, kept_busy_by(*machine.quota)) : cpus;
}

Placement choose_placement(const Machine& machine, unsigned workers, Pinning pinning) {
  const std::vector<Place> order = filling_order(machine);
  const std::size_t cpus = std::max<std::size_t>(order.size(), 1);
  const std::size_t busy = cpus_kept_busy(machine);
  const std::size_t count = workers != 0 ? workers : std::min<std::size_t>(busy, most_workers);
  Placement placement{{}, machine.distances, why_as_many(machine, count, workers != 0)};

  const char* why = " None is pinned.";
  bool pinned = false;
  if (pinning == Pinning::own_cpu && busy < cpus) {
    why = " None is pinned: under a quota the same CPUs serve other groups.";
  } else if (pinning == Pinning::own_cpu && count > cpus) {
    why = " None is pinned: there is no CPU for each.";
  } else if (pinning != Pinning::never && !order.empty()) {
    why = count > cpus ? " They are pinned, and some share a CPU."
                       : " Each is pinned to a CPU of its own.";
    pinned = true;
  }
  placement.reason += why;
  for (std::size_t worker = 0; worker < count; ++worker) {
    placement.places.push_back(pinned ? order[worker % cpus] : Place{});
  }
  return placement;
}

Placement choose_placement(const Machine& machine, const SchedulerConfig& config) {
  Pinning pinning = config.pinning;
  if (pinning == Pinning::best) {
    pinning = config.kind == SchedulerKind::per_core ? Pinning::own_cpu : Pinning::never;
  }
  return choose_placement(machine, config.workers, pinning);
}

Nearness nearness(const Place& one, const Place& other) noexcept {
  if (one.core == other.core) return Nearness::core;
  if (one.l2 == other.l2) return Nearness::l2;
  if (one.l3 == other.l3) return Nearness::l3;
  if (one.node == other.node) return Nearness::node;
  return Nearness::machine;
}

std::vector<std::uint16_t> victims_by_distance(const Placement& placement, std::size_t thief) {
  const Place& here = placement.places[thief];
  std::map<std::pair<Nearness, unsigned>, std::vector<std::uint16_t>> equals;
  for (std::size_t worker = 0; worker < placement.places.size(); ++worker) {
    if (worker == thief) continue;
    const Place& there = placement.places[worker];
    equals[{nearness(here, there), placement.distances.between(here.node, there.node)}].push_back(
        static_cast<std::uint16_t>(worker));
  }
  std::vector<std::uint16_t> order;
  for (auto& [distance, victims] : equals) {
    const auto first = static_cast<std::ptrdiff_t>(thief % victims.size());
    std::ranges::rotate(victims, victims.begin() + first);
    order.insert(order.end(), victims.begin(), victims.end());
  }
  return order;
}

}  // namespace rota::inline v0
