#pragma once

#include "sched/carriage.hpp"
#include "sched/worker.hpp"

namespace rota::inline v0 {

/// The only worker of a runtime, on the thread that waits for it.
class LoneCarriage final : public Carriage {
 public:
  explicit LoneCarriage(Worker& only) noexcept : only_(only) {}

  [[nodiscard]] bool serves_any_thread() const noexcept override { return false; }
  void run_until_ended(TaskHeader& task) override;
  void run_until_quiet(Duration limit) override;
  [[nodiscard]] bool may_have_work() const noexcept override;

 private:
  Worker& only_;
};

}  // namespace rota::inline v0
