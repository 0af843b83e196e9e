#include "base/cpu_quota.hpp"

#include "base/first_line.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace rota::inline v0 {
namespace {

/// The path of a process in a hierarchy: a line "N:controllers:path" of its cgroup file. The one
/// hierarchy of cgroup v2 names no controller.
std::optional<std::string> path_in(const std::string& membership, const char* controller) {
  std::FILE* file = std::fopen(membership.c_str(), "re");
  if (file == nullptr) return std::nullopt;
  char line[1024];
  std::optional<std::string> found;
  while (!found && std::fgets(line, sizeof line, file) != nullptr) {
    line[std::strcspn(line, "\n")] = '\0';
    const char* controllers = std::strchr(line, ':');
    const char* path = controllers == nullptr ? nullptr : std::strchr(controllers + 1, ':');
    if (path == nullptr || path[1] != '/') continue;
    const std::string names(controllers + 1, path);
    const std::string listed = "," + names + ",";
    if (listed.find("," + std::string(controller) + ",") == std::string::npos) continue;
    found = path + 1;
  }
  std::fclose(file);
  return found;
}

/// CPUs that a group's folder allows; none when it says nothing or sets no limit.
using QuotaOf = std::optional<double> (*)(const std::string& folder);

std::optional<double> quota_v2(const std::string& folder) {
  double quota = 0;
  double period = 0;
  const std::string line = first_line_of(folder + "/cpu.max");
  if (std::sscanf(line.c_str(), "%lf %lf", &quota, &period) != 2 || period <= 0) return {};
  return quota / period;
}

std::optional<double> quota_v1(const std::string& folder) {
  const double quota = std::atof(first_line_of(folder + "/cpu.cfs_quota_us").c_str());
  const double period = std::atof(first_line_of(folder + "/cpu.cfs_period_us").c_str());
  if (quota <= 0 || period <= 0) return {};
  return quota / period;
}

/// The tightest on the way from the group to the root, both included: in a container the mounted
/// root is the container's own group, which has a limit, and the path is "/".
std::optional<CpuQuota> tightest(const std::string& mount, std::string path, QuotaOf quota_of) {
  if (path == "/") path.clear();
  std::optional<CpuQuota> least;
  for (;;) {
    const auto cpus = quota_of(mount + path);
    if (cpus && (!least || *cpus < least->cpus)) least = {*cpus, path.empty() ? "/" : path};
    if (path.empty()) return least;
    path.resize(path.rfind('/'));
  }
}

}  // namespace

std::optional<CpuQuota> read_cpu_quota(const std::string& membership, const std::string& mount) {
  if (const auto path = path_in(membership, "")) {
    if (const auto quota = tightest(mount, *path, quota_v2)) return quota;
  }
  if (const auto path = path_in(membership, "cpu")) {
    for (const char* folder : {"/cpu", "/cpu,cpuacct"}) {
      auto quota = tightest(mount + folder, *path, quota_v1);
      if (!quota) continue;
      quota->hierarchy = "v1";
      return quota;
    }
  }
  return std::nullopt;
}

std::string in_words(const std::optional<CpuQuota>& quota) {
  if (!quota) return "none";
  char cpus[64];
  std::snprintf(cpus, sizeof cpus, "%.2f CPUs", quota->cpus);
  return std::string(cpus) + " (cgroup " + quota->hierarchy + ", group " + quota->group + ')';
}

}  // namespace rota::inline v0
