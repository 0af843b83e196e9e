#include "sched/carriers.hpp"

#include "base/cpu_affinity.hpp"
#include "base/signals_blocked.hpp"
#include "sched/quiet_wait.hpp"

#include <pthread.h>

#include <cerrno>
#include <cstddef>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <system_error>

namespace rota::inline v0 {

namespace {

void carry_on_this_thread(Worker& worker, int cpu, std::latch& all_left) {
  constexpr std::size_t kMostName = 16;  // of a thread, for the kernel
  char name[kMostName];
  std::snprintf(name, sizeof name, "rota-%u", unsigned{worker.index()});
  pthread_setname_np(pthread_self(), name);
  // A CPU that was taken from the process since costs the worker its place, and nothing else.
  if (cpu >= 0) static_cast<void>(pin_this_thread(cpu));
  static_cast<void>(worker.carry(current_seat()));
  all_left.arrive_and_wait();
}

class EndSignal : public EndOfTask {
 public:
  explicit EndSignal(Worker& home) noexcept
      : EndOfTask(home, [](Runnable& self) noexcept { static_cast<EndSignal&>(self).send(); }) {}
  void wait() {
    std::unique_lock lock(mutex_);
    sent_.wait(lock, [this] { return has_ended_; });
  }

 private:
  void send() noexcept {
    // Under the mutex: whoever waits may destroy this as soon as it is released.
    std::lock_guard lock(mutex_);
    has_ended_ = true;
    sent_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable sent_;
  bool has_ended_ = false;
};

}  // namespace

Result<void> Carriers::start(std::span<Worker* const> workers, std::span<const int> cpus) {
  const SignalsBlocked blocked;
  const auto count = static_cast<std::ptrdiff_t>(workers.size());
  all_left_ = std::make_unique<std::latch>(count);
  try {
    workers_.reserve(workers.size());
    threads_.reserve(workers.size());
    for (std::size_t i = 0; i < workers.size(); ++i) {
      Worker& worker = *workers[i];
      threads_.emplace_back(carry_on_this_thread, std::ref(worker), cpus[i],
                            std::ref(*all_left_));
      workers_.push_back(&worker);
    }
  } catch (const std::system_error& error) {
    all_left_->count_down(count - static_cast<std::ptrdiff_t>(threads_.size()));
    stop();
    return failure(error.code().value());
  }
  return {};
}

void Carriers::run_until_ended(TaskHeader& task) {
  EndSignal end(*workers_.front());
  if (task.join.wait(&end)) end.wait();
}

void Carriers::run_until_quiet(Duration limit) { QuietWait(core_, workers_).wait(limit); }

void Carriers::stop() noexcept {
  for (Worker* worker : workers_) worker->leave();
  for (std::thread& thread : threads_) thread.join();
  workers_.clear();
  threads_.clear();
}

}  // namespace rota::inline v0
