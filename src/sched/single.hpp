#pragma once

#include "sched/scheduler.hpp"

namespace rota::inline v0 {

/// One worker, on the thread that calls `block_on`. Tasks never overlap and never move.
class SingleScheduler final : public Scheduler {
 public:
  explicit SingleScheduler(Worker& only) noexcept : only_(only) {}

  Worker& place(const TaskHeader&) noexcept override { return only_; }

 private:
  Worker& only_;
};

}  // namespace rota::inline v0
