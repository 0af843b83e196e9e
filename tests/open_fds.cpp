#include "open_fds.hpp"

#include <rota/core/platform.hpp>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <iterator>

#ifdef ROTA_THREAD_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif

namespace rota::leaks {
namespace {

/// The thread sanitizer asks a program that it starts what a line is called, for its first report
/// and also for one that is suppressed, and keeps the pipes to it. So they are there from the first
/// count on.
void open_what_names_lines() {
#ifdef ROTA_THREAD_SANITIZER
  [[maybe_unused]] static const bool opened = [] {
    std::array<char, 256> name{};
    __sanitizer_symbolize_pc(reinterpret_cast<void*>(&std::abort), "%f", name.data(), name.size());
    return true;
  }();
#endif
}

}  // namespace

std::size_t open_fds() {
  open_what_names_lines();
  const std::filesystem::directory_iterator fds("/proc/self/fd");
  // The iterator's own is among them.
  return static_cast<std::size_t>(std::distance(begin(fds), end(fds))) - 1;
}

}  // namespace rota::leaks
