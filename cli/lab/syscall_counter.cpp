#include "syscall_counter.hpp"

#include "process_threads.hpp"

#include <dirent.h>

#include <cstdlib>

namespace rota::cli {

std::expected<std::unique_ptr<SyscallCounter>, std::string> SyscallCounter::attach(pid_t pid) {
  auto counter = count_by_tracepoint(pid);
  if (counter) return counter;
  auto fallback = count_by_ptrace(pid);
  if (fallback) return fallback;
  return std::unexpected(counter.error() + "; " + fallback.error());
}

std::vector<pid_t> threads_of(pid_t pid) {
  std::vector<pid_t> threads{pid};
  const std::string path = "/proc/" + std::to_string(pid) + "/task";
  DIR* folder = ::opendir(path.c_str());
  if (folder == nullptr) return threads;
  while (const dirent* entry = ::readdir(folder)) {
    const auto thread = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (thread > 0 && thread != pid) threads.push_back(thread);
  }
  ::closedir(folder);
  return threads;
}

}  // namespace rota::cli
