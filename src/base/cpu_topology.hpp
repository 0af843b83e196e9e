#pragma once

#include "base/cpu_quota.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rota::inline v0 {

/// Where a CPU stands among what CPUs share. A core and a cache are named after the least of their
/// CPUs, so these numbers mean something only when two of them are compared. A cache that the
/// kernel does not describe is taken to be shared by no more than what lies below it. What is bound
/// to no CPU stands nowhere: all are -1.
struct Place {
  int cpu = -1;
  int core = -1;
  int l2 = -1;
  int l3 = -1;
  int node = -1;  ///< of NUMA
};

/// How far memory of one NUMA node is from another, as the firmware tells it: 10 is near, 20 twice
/// as far. What it does not tell is 20.
class NodeDistances {
 public:
  /// Each row has one number per node of `nodes`, in their order.
  void add_row(int from, const std::vector<int>& nodes, std::string_view row);
  [[nodiscard]] unsigned between(int from, int to) const noexcept;

 private:
  std::map<std::pair<int, int>, unsigned> told_;
};

/// What a process may use of the machine.
struct Machine {
  std::vector<Place> cpus;  ///< online, and in its affinity mask; ascending
  unsigned cpus_online = 0;
  std::optional<CpuQuota> quota;
  NodeDistances distances;
};

/// The machine as the calling thread may use it. Reads some small files per CPU.
[[nodiscard]] Machine read_machine();

/// The same with another affinity mask, and with the files that lie below `root`.
[[nodiscard]] Machine read_machine(const std::vector<int>& allowed, const std::string& root);

/// The numbers in a list of the kernel's, as "0-3,8": ascending, as it writes them. What follows an
/// error is left out.
[[nodiscard]] std::vector<int> parse_cpu_list(std::string_view list);

}  // namespace rota::inline v0
