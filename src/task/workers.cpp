#include <rota/workers.hpp>

#include "sched/worker.hpp"

namespace rota::inline v0 {

namespace {

/// The worker of the task that calls: its home, also where its thread has lost the worker.
Worker& home_of_task() noexcept {
  const TaskHeader* task = current_task();
  check_usage(task != nullptr, "called outside any task; only a task has a worker");
  return *task->home;
}

}  // namespace

WorkerIndex this_worker() noexcept { return home_of_task().index(); }

std::size_t worker_count() noexcept { return home_of_task().runtime().workers().size(); }

bool tasks_move() noexcept { return home_of_task().moves_tasks(); }

}  // namespace rota::inline v0
