#pragma once

#include "driver/driver.hpp"
#include "sched/runtime_core.hpp"
#include "sched/worker.hpp"

#include <rota/rota.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <source_location>
#include <thread>
#include <utility>

namespace rota::testing_sched {

/// Two workers on two threads, and a scheduler that places a task where the test says.
class Pair final : private Scheduler {
 public:
  Pair();
  /// Lets both end: every task must have ended by then.
  ~Pair() override;

  [[nodiscard]] Worker& worker(std::size_t index) noexcept { return index == 0 ? first_ : second_; }

  /// By a plain thread, one at a time: starts `task` on one of the workers.
  template <class T>
  JoinHandle<T> spawn_on(std::size_t index, Task<T> task) {
    next_ = &worker(index);
    return spawn_into(core_.common_root(), std::move(task), SpawnOptions(),
                      std::source_location::current());
  }

  /// By a plain thread: waits until `task` has ended.
  template <class T>
  T wait(JoinHandle<T> task) {
    while (!task.is_done()) std::this_thread::yield();
    if (task.task().failed()) std::rethrow_exception(task.task().error);
    if constexpr (!std::is_void_v<T>) return task.take();
  }

 private:
  Worker& place(const TaskHeader& task) noexcept override;

  std::unique_ptr<Driver> drivers_[2];
  RuntimeCore core_;
  Worker first_;
  Worker second_;
  Worker* next_ = nullptr;
  std::thread threads_[2];
};

}  // namespace rota::testing_sched
