// Tasks of several workers and plain threads at once, with stops and deadlines at random: what must
// hold in any order.

#include <rota/rota.hpp>

#include "sync/random_steps.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_sync {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kPermits = 4;
constexpr std::size_t kTasks = 6;
constexpr std::size_t kThreads = 2;

/// What is done once, or not at all by an initialiser that fails.
struct Work {
  Once once;
  long times = 0;  // by the initialiser; plain, as below

  Result<void> attempt(bool succeeds) {
    EXPECT_EQ(times, 0);
    if (!succeeds) return failure(EAGAIN);
    times += 1;
    return {};
  }
};

struct Shared {
  explicit Shared(std::size_t works) : work(works) {}

  /// All turn to the same one, until it is done.
  [[nodiscard]] Work& current_work() { return work[current.load() % work.size()]; }
  void note(Work& called, const Result<void>& ready) {
    if (!ready) return;
    EXPECT_EQ(called.times, 1);
    auto index = static_cast<std::size_t>(&called - work.data());
    current.compare_exchange_strong(index, index + 1);
  }

  std::vector<Work> work;
  std::atomic<std::size_t> current{0};
  Mutex mutex;
  SharedMutex shared_mutex;
  Semaphore semaphore{kPermits};
  ConditionVariable changed;
  Notify notify;

  long by_mutex = 0;         // with the mutex; plain, so that the thread sanitizer looks
  long by_shared_mutex = 0;  // with the shared mutex
  std::atomic<std::uint32_t> inside{0};

  void touch(const MutexGuard&) { by_mutex += 1; }
  void touch(const WriteGuard&) { by_shared_mutex += 1; }
  void touch(const ReadGuard&) { EXPECT_GE(by_shared_mutex, 0); }
  void touch(const SemaphorePermits& permits) {
    EXPECT_LE(inside.fetch_add(permits.count()) + permits.count(), kPermits);
    inside.fetch_sub(permits.count());
  }
  template <class Guard>
  void touch(const Result<Guard>& guard) {
    if (guard) touch(*guard);
  }
};

Task<Result<void>> attempt(Work& work, bool succeeds) {
  co_await yield();
  co_return work.attempt(succeeds);
}
Task<void> call_once(Shared& shared, bool succeeds) {
  Work& work = shared.current_work();
  auto initialise = [&work, succeeds] { return attempt(work, succeeds); };
  Result<void> ready = co_await work.once.call(initialise);
  shared.note(work, ready);
}
void call_once_as_a_thread(Shared& shared, bool succeeds) {
  Work& work = shared.current_work();
  shared.note(work, work.once.call_in_thread([&] { return work.attempt(succeeds); }));
}

Task<void> one_operation(Shared& shared, std::size_t which, std::uint32_t count) {
  switch (which) {
    case 0: {
      Result<MutexGuard> guard = co_await shared.mutex.lock();
      shared.touch(guard);
      break;
    }
    case 1: {
      Result<WriteGuard> guard = co_await shared.shared_mutex.lock();
      shared.touch(guard);
      break;
    }
    case 2: {
      Result<ReadGuard> guard = co_await shared.shared_mutex.lock_shared();
      shared.touch(guard);
      break;
    }
    case 3: {
      Result<SemaphorePermits> permits = co_await shared.semaphore.acquire(count);
      shared.touch(permits);
      break;
    }
    case 4: {
      Result<MutexGuard> guard = co_await shared.mutex.lock();
      if (!guard) break;
      Result<void> notified = co_await timeout(Duration(1us), shared.changed.wait(*guard));
      EXPECT_TRUE(notified || notified.error().value() == ETIMEDOUT ||
                  is_canceled(notified.error()));
      shared.touch(*guard);
      break;
    }
    case 5: co_await call_once(shared, count == 1); break;
    default: {
      shared.notify.notify_one();
      Result<void> notified = co_await timeout(Duration(1us), shared.notify.wait());
      EXPECT_TRUE(notified || notified.error().value() == ETIMEDOUT ||
                  is_canceled(notified.error()));
      break;
    }
  }
}

/// Some of them in a child that is stopped at once, before or after it began to wait.
Task<void> operate(Shared& shared, std::uint64_t seed, std::uint64_t operations) {
  RandomSteps steps(seed);
  for (std::uint64_t i = 0; i < operations; ++i) {
    const auto count = static_cast<std::uint32_t>(steps.below(kPermits) + 1);
    const std::size_t which = steps.below(7);
    if (steps.below(4) == 0) {
      JoinHandle<void> child = spawn(one_operation(shared, which, count));
      if (steps.below(2) == 0) co_await yield();
      child.request_stop();
      Joined<void> joined = co_await child.join();
    } else {
      co_await one_operation(shared, which, count);
    }
    shared.changed.notify_one();
  }
}

void operate_as_a_thread(Shared& shared, std::uint64_t seed, std::uint64_t operations) {
  RandomSteps steps(seed);
  for (std::uint64_t i = 0; i < operations; ++i) {
    const auto count = static_cast<std::uint32_t>(steps.below(kPermits) + 1);
    switch (steps.below(5)) {
      case 0: shared.touch(wait_in_thread(shared.mutex.lock())); break;
      case 1: shared.touch(wait_in_thread(shared.shared_mutex.lock())); break;
      case 2: shared.touch(wait_in_thread(shared.shared_mutex.lock_shared())); break;
      case 3: shared.touch(wait_in_thread(shared.semaphore.acquire(count))); break;
      default: call_once_as_a_thread(shared, count == 1); break;
    }
    shared.changed.notify_all();
  }
}

Task<void> operate_in_tasks(Shared& shared, std::uint64_t seed, std::uint64_t operations) {
  co_await with_scope([&](Scope& scope) -> Task<void> {
    for (std::size_t i = 0; i < kTasks; ++i) {
      scope.spawn(operate(shared, seed + kThreads + i, operations));
    }
    co_return;
  });
}

void mix(SchedulerKind scheduler) {
  for_seeds(400'000, [scheduler](std::uint64_t seed, std::uint64_t share) {
    const std::uint64_t each = share / (kTasks + kThreads) + 1;
    Config config;
    config.scheduler.kind = scheduler;
    config.scheduler.workers = scheduler == SchedulerKind::single ? 1 : 3;
    Runtime runtime = Runtime::make(config).value();
    Shared shared(share / kTasks / kPermits + 1);  // About as many are done.
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] { operate_as_a_thread(shared, seed + i, each); });
    }
    runtime.block_on(operate_in_tasks(shared, seed, each));
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(runtime.shutdown().clean());
    EXPECT_EQ(shared.semaphore.available(), kPermits);
    EXPECT_TRUE(shared.mutex.try_lock().has_value());
    EXPECT_TRUE(shared.shared_mutex.try_lock().has_value());
    for (const Work& work : shared.work) EXPECT_EQ(work.times, work.once.is_done() ? 1 : 0);
  });
}

TEST(ThreadMix, holds_on_one_worker) { mix(SchedulerKind::single); }
TEST(ThreadMix, holds_where_tasks_stay) { mix(SchedulerKind::per_core); }
TEST(ThreadMix, holds_where_tasks_move) { mix(SchedulerKind::stealing); }

}  // namespace
}  // namespace rota::testing_sync
