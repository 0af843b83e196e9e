#include "sched/quiet_wait.hpp"

#include <chrono>

namespace rota::inline v0 {

QuietWait::QuietWait(RuntimeCore& core, std::span<Worker* const> workers)
    : IdleListener{[](IdleListener& self) noexcept {
        auto& wait = static_cast<QuietWait&>(self);
        std::lock_guard lock(wait.mutex_);
        wait.went_idle_ = true;
        wait.changed_.notify_one();
      }},
      core_(core),
      workers_(workers) {
  core_.listen(*this);
}

QuietWait::~QuietWait() { core_.forget(*this); }

bool QuietWait::wait(Duration limit) {
  const std::chrono::nanoseconds now = std::chrono::steady_clock::now().time_since_epoch();
  const bool limited = limit != Duration::max();
  const std::chrono::steady_clock::time_point due(
      std::chrono::nanoseconds((Instant{now.count()} + limit).ns));  // The sum saturates.
  const auto idle_again = [this] { return went_idle_; };
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (!limited) {
        changed_.wait(lock, idle_again);
      } else if (!changed_.wait_until(lock, due, idle_again)) {
        return false;
      }
      went_idle_ = false;
    }
    if (is_quiet()) return true;
  }
}

bool QuietWait::is_quiet() {
  std::vector<std::uint64_t> first;
  std::vector<std::uint64_t> second;
  // Between the two nobody runs, so that the count is of one moment.
  return look(first) && core_.tasks_live() == 0 && look(second) && first == second;
}

bool QuietWait::look(std::vector<std::uint64_t>& announced) {
  fence(MemoryOrder::seq_cst);  // See RuntimeCore::note_idle.
  for (const Worker* worker : workers_) {
    // In this order: a worker counts before it announces.
    if (!worker->asleep() || worker->in_flight() != 0 || worker->has_mail()) return false;
    announced.push_back(worker->announced());
  }
  return core_.shared() == nullptr || core_.shared()->injector.empty();
}

}  // namespace rota::inline v0
