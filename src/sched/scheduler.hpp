#pragma once

#include <rota/core/instant.hpp>
#include <rota/core/runnable.hpp>
#include <rota/core/task_header.hpp>

namespace rota::inline v0 {

class Worker;

/// What differs between single, per_core and stealing. Asked only on slow paths: a worker's own
/// queue, its wakes and its driver never come here.
///
/// What an implementation owes:
/// 1. `place` may be called by any thread, and names the worker that a task from outside lives on.
/// 2. `admit` may be called by any thread. It takes what was made ready by a thread that carries no
///    worker of the runtime.
/// 3. `between_turns` is called by a worker once per pass of its loop. It may give it more to run.
/// 4. `before_sleep` is called by a worker that has nothing to run and has announced that in its
///    inbox. It looks once more at all that others may have for the worker, and gives it what there
///    is; else the worker sleeps, until the answer at the latest. `after_sleep` follows in either
///    case.
/// 5. `before_run` tells that a worker had nothing to run in this pass, and that its driver or a
///    timer has given it something since.
/// 6. `surplus` tells that a worker has more ready tasks than the one that it is about to run,
///    while somebody is idle.
class Scheduler {
 public:
  Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  virtual ~Scheduler() = default;

  virtual Worker& place(const TaskHeader& task) noexcept = 0;
  virtual void admit(Runnable& runnable) noexcept;
  virtual void between_turns(Worker& worker) noexcept;
  virtual Deadline before_sleep(Worker& worker) noexcept;
  virtual void after_sleep(Worker& worker) noexcept;
  virtual void before_run(Worker& worker) noexcept;
  virtual void surplus(Worker& worker) noexcept;
};

}  // namespace rota::inline v0
