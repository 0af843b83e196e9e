#pragma once

#include <optional>
#include <string>

namespace rota::inline v0 {

/// How much CPU time a control group may use, as a number of CPUs.
struct CpuQuota {
  double cpus = 0;
  std::string group;             ///< whose limit it is: a path in its hierarchy
  const char* hierarchy = "v2";  ///< "v1" or "v2"
};

/// The tightest quota of the control groups that a process is in; none without one. `membership`
/// is its cgroup file in /proc, `mount` where the hierarchies are mounted.
std::optional<CpuQuota> read_cpu_quota(const std::string& membership, const std::string& mount);

/// "1.50 CPUs (cgroup v2, group /)"; "none" without a quota.
std::string in_words(const std::optional<CpuQuota>& quota);

}  // namespace rota::inline v0
