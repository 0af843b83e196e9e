#pragma once

#include "sched/scheduler.hpp"

#include <cstddef>
#include <span>

namespace rota::inline v0 {

/// Workers that share nothing: tasks never move, and those of one worker never overlap. What is
/// spawned from outside is placed on them in turn.
class PerCoreScheduler final : public Scheduler {
 public:
  /// Once, before the first worker runs.
  void attach(std::span<Worker* const> workers) noexcept { workers_ = workers; }

  Worker& place(const TaskHeader& task) noexcept override;

 private:
  std::span<Worker* const> workers_;
  Atomic<std::size_t> next_{0};  // any thread; relaxed, it only spreads
};

}  // namespace rota::inline v0
