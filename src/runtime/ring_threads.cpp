#include <rota/runtime.hpp>

#include "base/first_line.hpp"

#include <filesystem>
#include <string>
#include <system_error>

namespace rota::inline v0 {

RingThreads ring_threads() {
  RingThreads found;
  std::error_code error;
  std::filesystem::directory_iterator threads("/proc/self/task", error);
  for (; !error && threads != std::filesystem::directory_iterator(); threads.increment(error)) {
    const std::string name = first_line_of(threads->path() / "comm");
    if (name.starts_with("iou-wrk-")) found.workers += 1;
    if (name.starts_with("iou-sqp-")) found.submitters += 1;
  }
  return found;
}

}  // namespace rota::inline v0
