#include "open_fds.hpp"

#include <rota/core/platform.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>

namespace rota::leaks {
namespace {

/// The thread sanitizer asks a program that it starts what a line is called, for a report and also
/// for one that is suppressed, and keeps the pipes to it. Which pipes are its own nobody can tell,
/// so under it none is counted.
bool counts(const std::filesystem::path& fd) {
  if (!thread_sanitizer) return true;
  std::error_code closed;  // The iterator's own, for one.
  return !std::filesystem::read_symlink(fd, closed).string().starts_with("pipe:");
}

}  // namespace

std::size_t open_fds() {
  const std::filesystem::directory_iterator fds("/proc/self/fd");
  const auto count = std::count_if(
      begin(fds), end(fds), [](const auto& each) { return counts(each.path()); });
  return static_cast<std::size_t>(count) - 1;  // The iterator's own is among them.
}

}  // namespace rota::leaks
