#pragma once

#include <rota/core/instant.hpp>
#include <rota/core/runnable.hpp>
#include <rota/core/task_header.hpp>

namespace rota::inline v0 {

/// How the workers of a runtime get a thread to run on.
class Carriage {
 public:
  Carriage() = default;
  Carriage(const Carriage&) = delete;
  Carriage& operator=(const Carriage&) = delete;
  virtual ~Carriage() = default;

  // By a thread that is inside no task.

  /// Whether any thread may call what follows; else only the one that did so first.
  [[nodiscard]] virtual bool serves_any_thread() const noexcept = 0;
  /// Returns when `task` has ended.
  virtual void run_until_ended(TaskHeader& task) = 0;
  /// Of a runtime that refuses new tasks: returns when it has nothing more to do, or after `limit`.
  virtual void run_until_quiet(Duration limit) = 0;
  /// Whether there may be something to do that nobody has waited for.
  [[nodiscard]] virtual bool may_have_work() const noexcept { return true; }
  /// Has each worker leave its loop, and waits for that. What is ready then stays.
  virtual void stop() noexcept {}
};

/// What runs on a worker when a task has ended that somebody waits for outside.
class EndOfTask : public Runnable {
 protected:
  EndOfTask(Worker& home, void (*on_end)(Runnable&) noexcept) noexcept {
    header_.home.set(&home);
    task = &header_;
    resume = on_end;
  }

 private:
  TaskHeader header_;
};

}  // namespace rota::inline v0
