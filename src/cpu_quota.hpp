#pragma once

#include <string>

namespace rota::inline v0 {

/// The tightest CPU quota of the control groups that a process is in, in words; "none" without
/// one. `membership` is its cgroup file in /proc, `mount` where the hierarchies are mounted.
std::string describe_cpu_quota(const std::string& membership, const std::string& mount);

}  // namespace rota::inline v0
