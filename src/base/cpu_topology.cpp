#include "base/cpu_topology.hpp"

#include "base/cpu_affinity.hpp"
#include "base/first_line.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace rota::inline v0 {
namespace {

constexpr unsigned kNear = 10;
constexpr unsigned kUntold = 20;
/// No kernel is built for more CPUs: a greater number is an error in a list.
constexpr int kMostCpus = 1 << 16;

/// The least CPU of the list in a file; `otherwise` without a list.
int least_of(const std::string& path, int otherwise) {
  const std::vector<int> cpus = parse_cpu_list(first_line_of(path));
  return cpus.empty() ? otherwise : cpus.front();
}

Place place_of(int cpu, const std::string& cpus_folder) {
  const std::string folder = cpus_folder + "/cpu" + std::to_string(cpu);
  Place place{.cpu = cpu};
  place.core = least_of(folder + "/topology/core_cpus_list", -1);
  // Its name before Linux 5.3.
  if (place.core < 0) place.core = least_of(folder + "/topology/thread_siblings_list", cpu);
  std::optional<int> l2;
  std::optional<int> l3;
  for (unsigned index = 0;; ++index) {
    const std::string cache = folder + "/cache/index" + std::to_string(index);
    const std::string level = first_line_of(cache + "/level");
    if (level.empty()) break;
    if (level == "2") l2 = least_of(cache + "/shared_cpu_list", place.core);
    if (level == "3") l3 = least_of(cache + "/shared_cpu_list", place.core);
  }
  place.l2 = l2.value_or(place.core);
  place.l3 = l3.value_or(place.l2);
  return place;
}

/// Tells each CPU its node, and the machine how far nodes are from each other. A kernel without
/// NUMA has no such folder: everything is node 0.
void read_nodes(Machine& machine, const std::string& nodes_folder) {
  for (Place& place : machine.cpus) place.node = 0;
  const std::vector<int> nodes = parse_cpu_list(first_line_of(nodes_folder + "/online"));
  if (nodes.empty()) return;
  for (const int node : nodes) {
    const std::string folder = nodes_folder + "/node" + std::to_string(node);
    const std::vector<int> members = parse_cpu_list(first_line_of(folder + "/cpulist"));
    for (Place& place : machine.cpus) {
      if (std::ranges::binary_search(members, place.cpu)) place.node = node;
    }
    machine.distances.add_row(node, nodes, first_line_of(folder + "/distance"));
  }
}

}  // namespace

void NodeDistances::add_row(int from, const std::vector<int>& nodes, std::string_view row) {
  const char* at = row.data();
  const char* const end = at + row.size();
  for (const int to : nodes) {
    at = std::find_if(at, end, [](char letter) { return letter != ' '; });
    unsigned far = 0;
    const auto [behind, error] = std::from_chars(at, end, far);
    if (error != std::errc{}) return;
    told_[{from, to}] = far;
    at = behind;
  }
}

unsigned NodeDistances::between(int from, int to) const noexcept {
  if (from == to) return kNear;
  const auto told = told_.find({from, to});
  return told == told_.end() ? kUntold : told->second;
}

Machine read_machine() { return read_machine(allowed_cpus(), ""); }

Machine read_machine(const std::vector<int>& allowed, const std::string& root) {
  const std::string system = root + "/sys/devices/system";
  const std::vector<int> online = parse_cpu_list(first_line_of(system + "/cpu/online"));
  Machine machine;
  machine.cpus_online = static_cast<unsigned>(online.empty() ? allowed.size() : online.size());
  for (const int cpu : allowed.empty() ? online : allowed) {
    if (!online.empty() && !std::ranges::binary_search(online, cpu)) continue;
    machine.cpus.push_back(place_of(cpu, system + "/cpu"));
  }
  read_nodes(machine, system + "/node");
  machine.quota = read_cpu_quota(root + "/proc/self/cgroup", root + "/sys/fs/cgroup");
  return machine;
}

std::vector<int> parse_cpu_list(std::string_view list) {
  std::vector<int> cpus;
  const char* at = list.data();
  const char* const end = at + list.size();
  const auto read_number = [&](int& number) {
    const auto [behind, error] = std::from_chars(at, end, number);
    at = behind;
    return error == std::errc{} && number >= 0 && number < kMostCpus;
  };
  for (int first = 0; read_number(first); ++at) {
    int last = first;
    if (at != end && *at == '-' && (++at, !read_number(last))) return cpus;
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    if (at == end || *at != ',') return cpus;
  }
  return cpus;
}

}  // namespace rota::inline v0
