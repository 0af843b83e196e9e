#include "sched/blocking_threads.hpp"

#include <rota/core/worker_calls.hpp>

#include "base/clock.hpp"
#include "base/signals_blocked.hpp"
#include "sched/worker.hpp"

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

namespace rota::inline v0 {

BlockingThreads::BlockingThreads(const BlockingConfig& config) noexcept
    : limit_(std::max<std::size_t>(config.threads, 1)),
      idle_(std::chrono::milliseconds(config.idle_ms)) {
  CPU_ZERO(&cpus_);
  static_cast<void>(sched_getaffinity(0, sizeof cpus_, &cpus_));
}

BlockingThreads::~BlockingThreads() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  work_.notify_all();
  ended_.wait(lock, [this] { return threads_ == 0; });
}

bool BlockingThreads::submit(BlockingWait& wait) noexcept {
  const std::lock_guard lock(mutex_);
  wait.is_queued_ = true;
  wait.queued_ = Instant{monotonic_ns()};
  queue_.push_back(wait);
  waiting_ += 1;
  if (waiting_ > idle_threads_ && threads_ < limit_ && !start_thread() && threads_ == 0) {
    take(wait);
    return false;
  }
  work_.notify_one();
  return true;
}

bool BlockingThreads::withdraw(BlockingWait& wait) noexcept {
  const std::lock_guard lock(mutex_);
  if (!wait.is_queued_) return false;
  take(wait);
  return true;
}

BlockingThreads::Use BlockingThreads::use() const noexcept {
  const std::lock_guard lock(mutex_);
  const BlockingWait* oldest = queue_.front();
  const Duration waited =
      oldest != nullptr ? Instant{monotonic_ns()} - oldest->queued_ : Duration{};
  return {threads_, waiting_, waited};
}

void BlockingThreads::take(BlockingWait& wait) noexcept {
  queue_.remove(wait);
  waiting_ -= 1;
  wait.is_queued_ = false;
}

/// Signals are for the program's own threads.
bool BlockingThreads::start_thread() noexcept {
  const SignalsBlocked blocked;
  try {
    std::thread([this] { run(); }).detach();
  } catch (const std::system_error&) {
    return false;
  }
  threads_ += 1;
  return true;
}

void BlockingThreads::run() noexcept {
  pthread_setname_np(pthread_self(), "rota-blocking");
  if (CPU_COUNT(&cpus_) > 0) static_cast<void>(sched_setaffinity(0, sizeof cpus_, &cpus_));
  std::unique_lock lock(mutex_);
  while (BlockingWait* wait = next(lock)) {
    lock.unlock();
    wait->work_(*wait);
    make_ready(*wait->waiter);
    lock.lock();
  }
  threads_ -= 1;
  if (threads_ == 0) ended_.notify_all();  // Under the mutex: this may be gone once it is free.
}

/// Takes the next one out; null: this thread is not needed any more.
BlockingWait* BlockingThreads::next(std::unique_lock<std::mutex>& lock) noexcept {
  idle_threads_ += 1;
  work_.wait_for(lock, std::chrono::nanoseconds(idle_.ns),
                 [this] { return stopping_ || !queue_.empty(); });
  idle_threads_ -= 1;
  BlockingWait* wait = queue_.front();
  if (wait != nullptr) take(*wait);
  return wait;
}

bool BlockingWait::start(Runnable& self) noexcept {
  waiter = &self;
  cancel = stop;
  Worker& home = *self.task->home;
  park(*this);
  if (BlockingThreads* threads = home.runtime().blocking()) {
    if (threads->submit(*this)) return true;
    self.task->parked = 0;
    error_ = EAGAIN;
    return false;
  }
  beside_.run = do_beside;
  beside_.wait = this;
  home.run_after_pass(beside_);
  return true;
}

void BlockingWait::stop(Leaf& leaf) noexcept {
  auto& wait = static_cast<BlockingWait&>(leaf);
  BlockingThreads* threads = wait.waiter->task->home->runtime().blocking();
  if (threads == nullptr) {
    wait.error_ = ECANCELED;  // The errand is under way, and ends the wait.
  } else if (threads->withdraw(wait)) {
    wait.error_ = ECANCELED;
    requeue(*wait.waiter);
  }
}

void BlockingWait::do_beside(Errand& self, Worker&) noexcept {
  BlockingWait& wait = *static_cast<Beside&>(self).wait;
  if (wait.error_ == 0) wait.work_(wait);
  requeue(*wait.waiter);
}

}  // namespace rota::inline v0
