#pragma once

#include "sched/scheduler.hpp"

namespace rota::inline v0 {

/// One worker, on the thread that calls `block_on`. Tasks never overlap and never move.
class SingleScheduler final : public Scheduler {
 public:
  explicit SingleScheduler(Worker& only) noexcept : only_(only) {}

  Worker& place(const TaskHeader& task) noexcept override;
  Runnable* find_work(Worker& worker) noexcept override;
  void surplus(Worker& worker) noexcept override;

 private:
  Worker& only_;
};

}  // namespace rota::inline v0
