#include "task/ledger.hpp"

#include "sched/frame_pool.hpp"
#include "task/stack_pool.hpp"

#include <filesystem>
#include <iterator>
#include <ostream>

namespace rota::testing_tasks {

Ledger Ledger::now() {
  const std::filesystem::directory_iterator fds("/proc/self/fd");
  // The iterator's own descriptor is among them, each time.
  const auto open_fds = std::distance(begin(fds), end(fds));
  return {.frames = FramePool::use().blocks,
          .open_fds = static_cast<std::size_t>(open_fds),
          .stacks = StackPool::process().live()};
}

void PrintTo(const Ledger& ledger, std::ostream* out) {
  *out << "{frames " << ledger.frames << ", open fds " << ledger.open_fds << ", stacks "
       << ledger.stacks << "}";
}

}  // namespace rota::testing_tasks
