#include "capability_groups.hpp"
#include "cpu_quota.hpp"

#include <dirent.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <set>
#include <string>

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

unsigned count_nodes() {
  DIR* folder = ::opendir("/sys/devices/system/node");
  if (folder == nullptr) return 1;  // a kernel without NUMA: one node
  unsigned count = 0;
  while (const dirent* entry = ::readdir(folder)) {
    unsigned number = 0;
    if (std::sscanf(entry->d_name, "node%u", &number) == 1) ++count;
  }
  ::closedir(folder);
  return count;
}

std::string cpu_model() {
  std::FILE* file = std::fopen("/proc/cpuinfo", "re");
  if (file == nullptr) return "unknown";
  char line[512];
  std::string model = "unknown";
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, "model name", std::strlen("model name")) != 0) continue;
    const char* value = std::strchr(line, ':');
    if (value == nullptr) continue;
    model = value + 1;
    model.erase(0, model.find_first_not_of(" \t"));
    model.resize(std::strcspn(model.c_str(), "\n"));
    break;
  }
  std::fclose(file);
  return model;
}

}  // namespace

void probe_process(CapabilityList& list) {
  list.begin_group("process");
  list_limit(list, "RLIMIT_NOFILE", RLIMIT_NOFILE, 1, " descriptors");
  list_limit(list, "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK, 1024, " KiB");
  list_limit(list, "RLIMIT_NPROC", RLIMIT_NPROC, 1, " processes");
  list.fact("cgroup CPU quota", describe_cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup"));
  const int slack_ns = ::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  list.fact("timer slack",
            std::to_string(slack_ns / 1000) + " µs: how late a sleep may be rounded");
}

void probe_processor(CapabilityList& list) {
  list.begin_group("processor");
  list.fact("model", cpu_model());
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
    list.fact("affinity", "unknown: more CPUs than the mask can name");
    return;
  }
  list.fact("affinity", std::to_string(CPU_COUNT(&allowed)) + " of " + std::to_string(online) +
                            " CPUs may be used");
  std::set<std::string> cores;  // the threads of one core name the same siblings
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    const std::string path = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                             "/topology/thread_siblings_list";
    const std::string siblings = first_line_of(path.c_str());
    cores.insert(siblings.empty() ? std::to_string(cpu) : siblings);
  }
  list.fact("topology", std::to_string(cores.size()) + " cores, " +
                            std::to_string(CPU_COUNT(&allowed)) + " threads, " +
                            std::to_string(count_nodes()) + " NUMA nodes");
}

}  // namespace rota::inline v0
