// What the scenarios of tests/task do not reach of the other types: layout, guards, shutdown.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace rota {
namespace {

static_assert(sizeof(Semaphore) == 16);
static_assert(sizeof(SharedMutex) == 16);
static_assert(sizeof(ConditionVariable) == 16);
static_assert(sizeof(Notify) == 16);
static_assert(sizeof(Latch) == 24);
static_assert(sizeof(Barrier) == 40);
static_assert(sizeof(Once) == 24);
static_assert(!std::is_copy_constructible_v<SemaphorePermits>);
static_assert(!std::is_copy_constructible_v<ReadGuard>);
static_assert(!std::is_copy_constructible_v<WriteGuard>);
static_assert(!std::is_convertible_v<WriteGuard, ReadGuard>);

TEST(SemaphoreTest, permits_that_are_assigned_to_give_back_what_they_had) {
  Semaphore semaphore(5);
  std::optional<SemaphorePermits> permits = semaphore.try_acquire(3);
  *permits = *semaphore.try_acquire(1);
  EXPECT_EQ(semaphore.available(), 4u);
  EXPECT_EQ(permits->count(), 1u);
  const SemaphorePermits moved = std::move(*permits);
  EXPECT_EQ(permits->count(), 0u);
  EXPECT_EQ(moved.count(), 1u);
}

TEST(SemaphoreTest, no_permits_are_there_at_once_unless_somebody_waits) {
  Semaphore semaphore(0);
  EXPECT_TRUE(semaphore.try_acquire(0).has_value());
  EXPECT_FALSE(semaphore.try_acquire(1).has_value());
}

template <class Wait>
Task<void> wait_and_tell(Wait wait, std::vector<std::error_code>& ends) {
  auto result = co_await wait();
  ends.push_back(result ? std::error_code() : result.error());
}

TEST(SyncTest, a_shutdown_ends_every_wait) {
  auto runtime = Runtime::make();
  ASSERT_TRUE(runtime.has_value());
  std::vector<std::error_code> ends;
  Semaphore semaphore(0);
  SharedMutex shared;
  Notify notify;
  Latch latch(1);
  Barrier barrier(2);
  Mutex mutex;
  ConditionVariable condition;
  {
    const std::optional<WriteGuard> held = shared.try_lock();
    std::optional<MutexGuard> guard = mutex.try_lock();
    auto on_semaphore = [&] { return semaphore.acquire(2); };
    auto on_shared = [&] { return shared.lock_shared(); };
    auto on_notify = [&] { return notify.wait(); };
    auto on_latch = [&] { return latch.wait(); };
    auto on_barrier = [&] { return barrier.arrive_and_wait(); };
    auto on_condition = [&] { return condition.wait(*guard); };
    static_cast<void>(runtime->spawn(wait_and_tell(on_semaphore, ends)));
    static_cast<void>(runtime->spawn(wait_and_tell(on_shared, ends)));
    static_cast<void>(runtime->spawn(wait_and_tell(on_notify, ends)));
    static_cast<void>(runtime->spawn(wait_and_tell(on_latch, ends)));
    static_cast<void>(runtime->spawn(wait_and_tell(on_barrier, ends)));
    static_cast<void>(runtime->spawn(wait_and_tell(on_condition, ends)));
    EXPECT_TRUE(runtime->shutdown().clean());
    EXPECT_FALSE(mutex.try_lock().has_value()) << "the condition's wait has locked it again";
  }
  ASSERT_EQ(ends.size(), 6u);
  for (const std::error_code& end : ends) EXPECT_EQ(end, std::errc::operation_canceled);
  EXPECT_TRUE(mutex.try_lock().has_value());
}

}  // namespace
}  // namespace rota
