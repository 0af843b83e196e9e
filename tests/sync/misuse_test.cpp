// What a program may not do with the types of synchronisation ends it with a message.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>

namespace rota {
namespace {

class SyncMisuseDeathTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

template <class Wait>
Task<void> wait_for(Wait wait) {
  auto result = co_await wait();
  static_cast<void>(result);
}

/// Destroys `awaited` while a task waits for what `wait` makes of it.
template <class Awaited, class Wait>
void destroy_under_a_waiter(std::unique_ptr<Awaited> awaited, Wait wait) {
  auto runtime = Runtime::make();
  auto begin = [&]() -> Task<void> {
    auto of_it = [&] { return wait(*awaited); };
    JoinHandle<void> child = spawn(wait_for(of_it));
    co_await yield();
    awaited.reset();
  };
  runtime->block_on(begin());
}

TEST_F(SyncMisuseDeathTest, destroying_what_tasks_wait_for) {
  EXPECT_DEATH(
      destroy_under_a_waiter(std::make_unique<Event>(), [](Event& of) { return of.wait(); }),
      "an Event was destroyed while tasks wait for it");
  EXPECT_DEATH(
      destroy_under_a_waiter(std::make_unique<Notify>(), [](Notify& of) { return of.wait(); }),
      "a Notify was destroyed while tasks wait for it");
  EXPECT_DEATH(
      destroy_under_a_waiter(std::make_unique<Latch>(1), [](Latch& of) { return of.wait(); }),
      "a Latch was destroyed while tasks wait for it");
  EXPECT_DEATH(destroy_under_a_waiter(std::make_unique<Barrier>(2),
                                      [](Barrier& of) { return of.arrive_and_wait(); }),
               "a Barrier was destroyed while tasks wait in it");
  EXPECT_DEATH(destroy_under_a_waiter(std::make_unique<Semaphore>(0),
                                      [](Semaphore& of) { return of.acquire(); }),
               "a Semaphore was destroyed while tasks wait for it");
  EXPECT_DEATH(
      {
        Mutex mutex;
        std::optional<MutexGuard> guard = mutex.try_lock();
        destroy_under_a_waiter(std::make_unique<ConditionVariable>(),
                               [&](ConditionVariable& of) { return of.wait(*guard); });
      },
      "a ConditionVariable was destroyed while tasks wait for it");
}

TEST_F(SyncMisuseDeathTest, destroying_what_others_are_bound_to) {
  EXPECT_DEATH(destroy_under_a_waiter(std::make_unique<UnboundedChannel<int>>(),
                                      [](UnboundedChannel<int>& of) { return of.receive(); }),
               "an UnboundedChannel was destroyed while tasks wait for it");
  EXPECT_DEATH(destroy_under_a_waiter(std::make_unique<Oneshot<int>>(make_oneshot<int>()),
                                      [](Oneshot<int>& of) { return of.receiver.receive(); }),
               "a OneshotReceiver was dropped while a task waits for its value");
  EXPECT_DEATH(
      {
        auto broadcast = std::make_unique<Broadcast<int>>(1);
        const BroadcastReader<int> reader = broadcast->subscribe();
        broadcast.reset();
      },
      "a Broadcast was destroyed while there are readers");
  EXPECT_DEATH(
      {
        auto watch = std::make_unique<Watch<int>>(1);
        const WatchReader<int> reader = watch->subscribe();
        watch.reset();
      },
      "a Watch was destroyed while there are readers");
}

TEST_F(SyncMisuseDeathTest, using_a_oneshot_twice) {
  EXPECT_DEATH(
      {
        Oneshot<int> ends = make_oneshot<int>();
        static_cast<void>(ends.sender.send(1));
        static_cast<void>(ends.sender.send(2));
      },
      "a OneshotSender sends one value, once");
}

TEST_F(SyncMisuseDeathTest, destroying_a_lock_that_is_held) {
  EXPECT_DEATH(
      {
        auto mutex = std::make_unique<SharedMutex>();
        const std::optional<ReadGuard> guard = mutex->try_lock_shared();
        mutex.reset();
      },
      "a SharedMutex was destroyed while it was locked");
}

TEST_F(SyncMisuseDeathTest, waiting_for_a_condition_without_the_mutex) {
  EXPECT_DEATH(
      {
        Mutex mutex;
        ConditionVariable condition;
        std::optional<MutexGuard> guard = mutex.try_lock();
        guard->unlock();
        static_cast<void>(condition.wait(*guard));
      },
      "with a guard that holds nothing");
}

Task<void> call_in_task_as_a_thread(Once& once) {
  static_cast<void>(once.call_in_thread([] {}));
  co_return;
}

TEST_F(SyncMisuseDeathTest, calling_a_once_in_a_task_as_a_thread_does) {
  EXPECT_DEATH(
      {
        Once once;
        auto runtime = Runtime::make();
        runtime->block_on(call_in_task_as_a_thread(once));
      },
      "wait_in_thread was called inside a task");
}

TEST_F(SyncMisuseDeathTest, counting_further_than_there_is) {
  EXPECT_DEATH(Latch(1).count_down(2), "a Latch was counted down by more than was left");
  EXPECT_DEATH(static_cast<void>(Barrier(0).phase()), "a Barrier is for one task at least");
  EXPECT_DEATH(
      {
        Barrier barrier(1);
        barrier.arrive_and_drop();
        barrier.arrive_and_drop();
      },
      "more tasks dropped out of a Barrier than it has");
  EXPECT_DEATH(Semaphore(Semaphore::max_permits).release(), "given too many permits");
  EXPECT_DEATH(static_cast<void>(Semaphore(Semaphore::max_permits + 1).available()),
               "permits at the most");
}

}  // namespace
}  // namespace rota
