#pragma once

#include "base/cpu_topology.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace rota::testing_machine {

/// A folder with the files that the kernel describes a machine in. What is not written does not
/// exist, as on a machine whose kernel does not tell.
class FakeMachine {
 public:
  FakeMachine() {
    std::string name = std::filesystem::temp_directory_path() / "fake_machine_XXXXXX";
    root_ = ::mkdtemp(name.data());
  }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;
  ~FakeMachine() { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << '\n';
  }
  void online(const std::string& cpus) { write("sys/devices/system/cpu/online", cpus); }
  /// `siblings` is the list of the CPUs of one core.
  void core(int cpu, const std::string& siblings) {
    write(folder_of(cpu) + "/topology/core_cpus_list", siblings);
  }
  void cache(int cpu, unsigned index, unsigned level, const std::string& cpus) {
    const std::string folder = folder_of(cpu) + "/cache/index" + std::to_string(index);
    write(folder + "/level", std::to_string(level));
    write(folder + "/shared_cpu_list", cpus);
  }
  void node(int number, const std::string& cpus, const std::string& distances) {
    const std::string folder = "sys/devices/system/node/node" + std::to_string(number);
    write(folder + "/cpulist", cpus);
    write(folder + "/distance", distances);
  }
  void nodes(const std::string& list) { write("sys/devices/system/node/online", list); }
  void quota(const std::string& cpu_max) {
    write("proc/self/cgroup", "0::/");
    write("sys/fs/cgroup/cpu.max", cpu_max);
  }

  [[nodiscard]] Machine read(const std::string& allowed) const {
    return read_machine(parse_cpu_list(allowed), root_);
  }

 private:
  static std::string folder_of(int cpu) {
    return "sys/devices/system/cpu/cpu" + std::to_string(cpu);
  }

  std::filesystem::path root_;
};

/// Two sockets of eight cores with two threads each. As on most such machines the first threads
/// of all cores are numbered before the second ones: CPU 3 and CPU 19 are one core.
inline void describe_two_sockets(FakeMachine& fake) {
  fake.online("0-31");
  fake.nodes("0-1");
  fake.node(0, "0-7,16-23", "10 21");
  fake.node(1, "8-15,24-31", "21 10");
  for (int cpu = 0; cpu < 32; ++cpu) {
    const int first = cpu % 16;
    const std::string core = std::to_string(first) + ',' + std::to_string(first + 16);
    fake.core(cpu, core);
    fake.cache(cpu, 0, 1, core);
    fake.cache(cpu, 1, 1, core);
    fake.cache(cpu, 2, 2, core);
    fake.cache(cpu, 3, 3, first < 8 ? "0-7,16-23" : "8-15,24-31");
  }
}

/// Two fast cores of two threads and four slow ones of one thread, which share an L2 cache.
inline void describe_hybrid(FakeMachine& fake) {
  fake.online("0-7");
  for (int cpu = 0; cpu < 8; ++cpu) {
    const bool fast = cpu < 4;
    const std::string pair = cpu < 2 ? "0-1" : "2-3";
    fake.core(cpu, fast ? pair : std::to_string(cpu));
    fake.cache(cpu, 0, 1, fast ? pair : std::to_string(cpu));
    fake.cache(cpu, 1, 2, fast ? pair : "4-7");
    fake.cache(cpu, 2, 3, "0-7");
  }
}

}  // namespace rota::testing_machine
