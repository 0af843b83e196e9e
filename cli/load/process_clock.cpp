#include "process_clock.hpp"

#include <dirent.h>

#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>

namespace rota::cli {

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

bool add_thread(const std::string& path, ProcessClock& sum) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
  if (!file) return false;
  std::uint64_t cpu_ns = 0;
  std::uint64_t wait_ns = 0;
  if (std::fscanf(file.get(), "%" SCNu64 " %" SCNu64, &cpu_ns, &wait_ns) != 2) return false;
  sum.cpu_ns += cpu_ns;
  sum.wait_ns += wait_ns;
  return true;
}

}  // namespace

std::optional<ProcessClock> ProcessClock::read(pid_t pid) {
  const std::string threads = "/proc/" + std::to_string(pid) + "/task";
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(threads.c_str()));
  if (!directory) return std::nullopt;
  ProcessClock sum;
  bool any = false;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] == '.') continue;
    any |= add_thread(threads + "/" + entry->d_name + "/schedstat", sum);
  }
  if (!any) return std::nullopt;
  return sum;
}

std::optional<ProcessClock> ProcessClock::read_this_thread() {
  ProcessClock clock;
  if (!add_thread("/proc/thread-self/schedstat", clock)) return std::nullopt;
  return clock;
}

}  // namespace rota::cli
