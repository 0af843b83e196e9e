#include "task/ledger.hpp"

#include "open_fds.hpp"
#include "sched/frame_pool.hpp"
#include "task/stack_pool.hpp"

#include <ostream>

namespace rota::testing_tasks {

Ledger Ledger::now() {
  return {.frames = FramePool::use().blocks,
          .open_fds = leaks::open_fds(),
          .stacks = StackPool::process().live()};
}

void PrintTo(const Ledger& ledger, std::ostream* out) {
  *out << "{frames " << ledger.frames << ", open fds " << ledger.open_fds << ", stacks "
       << ledger.stacks << "}";
}

}  // namespace rota::testing_tasks
