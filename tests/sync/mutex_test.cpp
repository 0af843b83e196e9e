// What the scenarios of tests/task do not reach: layout, misuse, shutdown.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rota {
namespace {

static_assert(sizeof(Mutex) == 16);
static_assert(sizeof(MutexGuard) == 2 * sizeof(void*));
static_assert(sizeof(MutexLeaf) == 48);
static_assert(!std::is_copy_constructible_v<MutexGuard>);
static_assert(std::is_nothrow_move_constructible_v<MutexGuard>);
static_assert(!std::is_move_constructible_v<Mutex>);

TEST(MutexTest, a_guard_that_is_assigned_to_unlocks_what_it_had) {
  Mutex one;
  Mutex other;
  std::optional<MutexGuard> guard = one.try_lock();
  *guard = *other.try_lock();
  EXPECT_TRUE(one.try_lock().has_value());
  EXPECT_FALSE(other.try_lock().has_value());
}

TEST(MutexTest, a_guard_that_was_moved_from_holds_nothing) {
  Mutex mutex;
  std::optional<MutexGuard> guard = mutex.try_lock();
  {
    const MutexGuard moved = std::move(*guard);
    EXPECT_FALSE(guard->owns_lock());
    EXPECT_TRUE(moved.owns_lock());
  }
  EXPECT_TRUE(mutex.try_lock().has_value());
}

TEST(MutexTest, a_guard_may_travel_to_another_thread) {
  Mutex mutex;
  auto runtime = Runtime::make();
  ASSERT_TRUE(runtime.has_value());
  auto lock = [](Mutex& of) -> Task<MutexGuard> {
    Result<MutexGuard> guard = co_await of.lock();
    co_return std::move(*guard);
  };
  {
    const MutexGuard guard = runtime->block_on(lock(mutex));
    EXPECT_FALSE(mutex.try_lock().has_value());
  }
  EXPECT_TRUE(mutex.try_lock().has_value());
}

Task<void> lock_and_tell(Mutex& mutex, std::error_code& ended) {
  Result<MutexGuard> guard = co_await mutex.lock();
  if (!guard) ended = guard.error();
}

TEST(MutexTest, a_shutdown_ends_the_waits_for_it) {
  Mutex mutex;
  std::error_code ended;
  std::optional<MutexGuard> guard = mutex.try_lock();
  auto runtime = Runtime::make();
  ASSERT_TRUE(runtime.has_value());
  auto handle = runtime->spawn(lock_and_tell(mutex, ended));
  EXPECT_TRUE(runtime->shutdown().clean());
  EXPECT_EQ(ended, std::errc::operation_canceled);
  EXPECT_TRUE(handle.is_done());
}

class MutexDeathTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(MutexDeathTest, is_destroyed_while_it_is_locked) {
  EXPECT_DEATH(
      {
        auto mutex = std::make_unique<Mutex>();
        const std::optional<MutexGuard> guard = mutex->try_lock();
        mutex.reset();
      },
      "a Mutex was destroyed while it was locked");
}

Task<void> wait_as_a_thread(Mutex& mutex) {
  const Result<MutexGuard> guard = wait_in_thread(mutex.lock());
  co_return;
}

TEST_F(MutexDeathTest, a_task_waits_as_a_thread) {
  EXPECT_DEATH(
      {
        Mutex mutex;
        auto runtime = Runtime::make();
        runtime->block_on(wait_as_a_thread(mutex));
      },
      "wait_in_thread was called inside a task");
}

}  // namespace
}  // namespace rota
