#pragma once

#include <rota/core/instant.hpp>

#include "sched/worker.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace rota::inline v0 {

/// Waits, on a thread that carries no worker, until a runtime that refuses new tasks has nothing
/// more to do: no task lives, no operation is in flight, and every worker sleeps.
///
/// No worker can say that by itself, for what one does last it may send to another. So all are
/// looked at twice: who sleeps both times, with nothing posted and without having woken between,
/// sends nothing. A worker that goes to sleep causes the next two looks.
class QuietWait : private RuntimeCore::IdleListener {
 public:
  QuietWait(RuntimeCore& core, std::span<Worker* const> workers);
  ~QuietWait();
  QuietWait(const QuietWait&) = delete;
  QuietWait& operator=(const QuietWait&) = delete;

  /// False: `limit` has passed.
  bool wait(Duration limit);

 private:
  [[nodiscard]] bool is_quiet();
  [[nodiscard]] bool look(std::vector<std::uint64_t>& announced);

  RuntimeCore& core_;
  std::span<Worker* const> workers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool went_idle_ = true;  // under mutex_: since the last look
};

}  // namespace rota::inline v0
