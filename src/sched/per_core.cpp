#include "sched/per_core.hpp"

namespace rota::inline v0 {

Worker& PerCoreScheduler::place(const TaskHeader&) noexcept {
  return *workers_[next_.fetch_add(1, MemoryOrder::relaxed) % workers_.size()];
}

}  // namespace rota::inline v0
