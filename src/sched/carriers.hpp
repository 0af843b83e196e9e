#pragma once

#include <rota/result.hpp>

#include "sched/worker.hpp"

#include <span>
#include <thread>
#include <vector>

namespace rota::inline v0 {

/// The threads that carry the workers of a runtime: one each, named after its worker, and bound to
/// its CPU where it has one. Signals of the process go to other threads.
class Carriers {
 public:
  Carriers() = default;
  Carriers(const Carriers&) = delete;
  Carriers& operator=(const Carriers&) = delete;
  ~Carriers() { stop(); }

  /// `cpus` has a CPU for each worker, -1 where its thread may run on any. Fails when there is no
  /// thread to be had; then none was started.
  Result<void> start(std::span<Worker* const> workers, std::span<const int> cpus);
  /// Has each worker leave its loop, and waits for that. What is ready then stays.
  void stop() noexcept;
  [[nodiscard]] bool empty() const noexcept { return threads_.empty(); }

 private:
  std::vector<Worker*> workers_;
  std::vector<std::thread> threads_;
};

}  // namespace rota::inline v0
