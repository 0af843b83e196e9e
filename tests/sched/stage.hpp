#pragma once

#include "driver/choose.hpp"
#include "sched/runtime_core.hpp"
#include "sched/single.hpp"
#include "sched/worker.hpp"

#include <rota/rota.hpp>

#include <memory>
#include <source_location>
#include <utility>

namespace rota::testing_sched {

/// A worker without a thread: a test carries it by whatever thread it likes.
class Stage {
 public:
  Stage();
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  [[nodiscard]] Worker& worker() noexcept { return worker_; }

  template <class T>
  JoinHandle<T> spawn(Task<T> task) {
    return spawn_into(core_.common_root(), std::move(task), SpawnOptions(),
                      std::source_location::current());
  }

  /// By the thread that is alone with it: runs what is left until nothing is.
  void drain();

 private:
  std::unique_ptr<Driver> driver_;
  RuntimeCore core_;
  Worker worker_;
  SingleScheduler scheduler_;
};

}  // namespace rota::testing_sched
