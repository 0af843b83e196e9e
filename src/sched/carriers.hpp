#pragma once

#include <rota/result.hpp>

#include "sched/carriage.hpp"
#include "sched/worker.hpp"

#include <latch>
#include <memory>
#include <span>
#include <thread>
#include <vector>

namespace rota::inline v0 {

/// The threads that carry the workers of a runtime: one each, named after its worker, and bound to
/// its CPU where it has one. Signals of the process go to other threads. A thread ends when all
/// have left their workers, for neighbours look at its seat until they have.
class Carriers final : public Carriage {
 public:
  explicit Carriers(RuntimeCore& core) noexcept : core_(core) {}
  ~Carriers() override { stop(); }

  /// `cpus` has a CPU for each worker, -1 where its thread may run on any. Fails when there is no
  /// thread to be had; then none was started.
  Result<void> start(std::span<Worker* const> workers, std::span<const int> cpus);

  [[nodiscard]] bool serves_any_thread() const noexcept override { return true; }
  void run_until_ended(TaskHeader& task) override;
  void run_until_quiet(Duration limit) override;
  void stop() noexcept override;

 private:
  RuntimeCore& core_;
  std::unique_ptr<std::latch> all_left_;
  std::vector<Worker*> workers_;
  std::vector<std::thread> threads_;
};

}  // namespace rota::inline v0
