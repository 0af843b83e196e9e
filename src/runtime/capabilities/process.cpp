#include "runtime/capabilities/groups.hpp"

#include "base/cpu_model.hpp"
#include "base/cpu_topology.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <set>
#include <string>
#include <vector>

namespace rota::inline v0 {
namespace {

std::string limit_text(rlim_t value, rlim_t unit, const char* suffix) {
  if (value == RLIM_INFINITY) return "unlimited";
  return std::to_string(value / unit) + suffix;
}

void list_limit(CapabilityList& list, const char* name, __rlimit_resource_t which, rlim_t unit,
                const char* suffix) {
  rlimit limit{};
  if (::getrlimit(which, &limit) != 0) return;
  const std::string soft = limit_text(limit.rlim_cur, unit, suffix);
  const std::string hard = limit_text(limit.rlim_max, unit, suffix);
  list.fact(name, soft == hard ? soft : soft + ", may be raised to " + hard);
}

/// How many different values a member of the places has.
std::size_t count(const std::vector<Place>& cpus, int Place::* member) {
  std::set<int> different;
  for (const Place& place : cpus) different.insert(place.*member);
  return different.size();
}

std::string counted(std::size_t count, const char* one, const char* several) {
  return std::to_string(count) + ' ' + (count == 1 ? one : several);
}

}  // namespace

void probe_process(CapabilityList& list) {
  list.begin_group("process");
  list_limit(list, "RLIMIT_NOFILE", RLIMIT_NOFILE, 1, " descriptors");
  list_limit(list, "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK, 1024, " KiB");
  list_limit(list, "RLIMIT_NPROC", RLIMIT_NPROC, 1, " processes");
  list.fact("cgroup CPU quota", in_words(read_cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup")));
  const int slack_ns = ::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  list.fact("timer slack",
            std::to_string(slack_ns / 1000) + " µs: how late a sleep may be rounded");
}

void probe_processor(CapabilityList& list) {
  list.begin_group("processor");
  list.fact("model", cpu_model());
  const Machine machine = read_machine();
  list.fact("affinity", std::to_string(machine.cpus.size()) + " of " +
                            std::to_string(machine.cpus_online) + " CPUs may be used");
  list.fact("topology",
            counted(count(machine.cpus, &Place::core), "core", "cores") + ", " +
                counted(machine.cpus.size(), "thread", "threads") + ", " +
                counted(count(machine.cpus, &Place::l2), "L2 cache", "L2 caches") + ", " +
                counted(count(machine.cpus, &Place::l3), "L3 cache", "L3 caches") + ", " +
                counted(count(machine.cpus, &Place::node), "NUMA node", "NUMA nodes"));
}

}  // namespace rota::inline v0
