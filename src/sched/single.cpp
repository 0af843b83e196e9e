#include "sched/single.hpp"

namespace rota::inline v0 {

Worker& SingleScheduler::place(const TaskHeader&) noexcept { return only_; }

Runnable* SingleScheduler::find_work(Worker&) noexcept { return nullptr; }

void SingleScheduler::surplus(Worker&) noexcept {}

}  // namespace rota::inline v0
