#pragma once

#include <rota/core/runnable.hpp>
#include <rota/core/task_header.hpp>

namespace rota::inline v0 {

class Worker;

/// What differs between single, per_core and stealing. Asked only on slow paths: a worker's own
/// queue, its wakes and its driver never come here.
///
/// What an implementation owes:
/// 1. `place` may be called by any thread, and names the worker that a task from outside lives on.
/// 2. `find_work` is called by a worker whose own queue is empty, before it announces that it is
///    idle and once more after; it returns what that worker may run, or null.
/// 3. `surplus` tells that a worker has more ready tasks than it will run soon; the scheduler may
///    rouse another. A single worker has nobody to rouse and does not ask: this is the seam for
///    schedulers with several.
class Scheduler {
 public:
  Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  virtual ~Scheduler() = default;

  virtual Worker& place(const TaskHeader& task) noexcept = 0;
  virtual Runnable* find_work(Worker& worker) noexcept = 0;
  virtual void surplus(Worker& worker) noexcept = 0;
};

}  // namespace rota::inline v0
