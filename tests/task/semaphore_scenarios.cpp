#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<void> permits_are_taken_given_back_and_forgotten(World) {
  Semaphore semaphore(3);
  Result<SemaphorePermits> two = co_await semaphore.acquire(2);
  EXPECT_EQ(two->count(), 2u);
  EXPECT_EQ(semaphore.available(), 1u);
  EXPECT_FALSE(semaphore.try_acquire(2).has_value());
  std::optional<SemaphorePermits> one = semaphore.try_acquire();
  EXPECT_TRUE(one.has_value());
  one->forget();
  one.reset();
  EXPECT_EQ(semaphore.available(), 0u);
  two->release();
  EXPECT_EQ(two->count(), 0u);
  EXPECT_EQ(semaphore.available(), 2u);
  semaphore.release();
  EXPECT_EQ(semaphore.available(), 3u);
}

template <template <class> class Routine>
Routine<int> acquire_and_note(Semaphore& semaphore, std::uint32_t count, std::vector<int>& order) {
  Result<SemaphorePermits> permits = co_await semaphore.acquire(count);
  if (!permits) co_return permits.error().value();
  order.push_back(static_cast<int>(count));
  co_return 0;
}

template <template <class> class Routine>
Routine<void> one_that_wants_many_is_not_passed_by_those_that_want_few(World) {
  Semaphore semaphore(0);
  std::vector<int> order;
  JoinHandle<int> large = spawn_routine(acquire_and_note<Routine>(semaphore, 3, order));
  JoinHandle<int> small = spawn_routine(acquire_and_note<Routine>(semaphore, 1, order));
  co_await yield();
  semaphore.release(2);
  co_await yield();
  EXPECT_TRUE(order.empty());
  EXPECT_FALSE(semaphore.try_acquire(1).has_value());
  semaphore.release(1);
  Joined<int> first = co_await large.join();
  EXPECT_EQ(std::move(first).value(), 0);
  Joined<int> second = co_await small.join();
  EXPECT_EQ(std::move(second).value(), 0);
  EXPECT_EQ(order, (std::vector{3, 1}));
  EXPECT_EQ(semaphore.available(), 3u);
}

template <template <class> class Routine>
Routine<void> a_cancelled_acquire_lets_those_behind_it_in(World) {
  Semaphore semaphore(1);
  std::vector<int> order;
  JoinHandle<int> large = spawn_routine(acquire_and_note<Routine>(semaphore, 2, order));
  JoinHandle<int> small = spawn_routine(acquire_and_note<Routine>(semaphore, 1, order));
  co_await yield();
  EXPECT_TRUE(order.empty());
  large.request_stop();
  Joined<int> stopped = co_await large.join();
  EXPECT_EQ(std::move(stopped).value(), ECANCELED);
  Joined<int> next = co_await small.join();
  EXPECT_EQ(std::move(next).value(), 0);
  EXPECT_EQ(semaphore.available(), 1u);
}

template <template <class> class Routine>
Routine<void> one_that_was_given_permits_has_them_although_it_is_stopped(World) {
  Semaphore semaphore(0);
  std::vector<int> order;
  JoinHandle<int> child = spawn_routine(acquire_and_note<Routine>(semaphore, 2, order));
  co_await yield();
  semaphore.release(2);
  child.request_stop();
  Joined<int> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), 0);
  EXPECT_EQ(semaphore.available(), 2u);
}

struct Inside {
  Semaphore semaphore{4};
  std::atomic<std::uint32_t> taken{0};

  void enter(std::uint32_t count) { EXPECT_LE(taken.fetch_add(count) + count, 4u); }
  void leave(std::uint32_t count) { taken.fetch_sub(count); }
};

template <template <class> class Routine>
Routine<void> go_in_often(Inside& inside, std::uint32_t count, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    Result<SemaphorePermits> permits = co_await inside.semaphore.acquire(count);
    inside.enter(count);
    if (i % 4 == 0) co_await yield();
    inside.leave(count);
  }
}

template <template <class> class Routine>
Routine<void> no_more_are_inside_than_there_are_permits(World) {
  constexpr std::uint32_t kTasks = 8;
  const std::size_t times = rounds(200);
  Inside inside;
  std::thread thread([&] {
    for (std::size_t i = 0; i < times; ++i) {
      Result<SemaphorePermits> permits = wait_in_thread(inside.semaphore.acquire(2));
      inside.enter(2);
      inside.leave(2);
    }
  });
  co_await with_scope([&](Scope& scope) -> Task<void> {
    for (std::uint32_t i = 0; i < kTasks; ++i) {
      spawn_routine(scope, go_in_often<Routine>(inside, i % 4 + 1, times));
    }
    co_return;
  });
  thread.join();
  EXPECT_EQ(inside.semaphore.available(), 4u);
}

template <template <class> class Routine>
Routine<void> take_for_a_moment(Semaphore& semaphore, std::uint32_t count) {
  Result<SemaphorePermits> permits = co_await semaphore.acquire(count);
  co_await yield();
}

template <template <class> class Routine>
Routine<void> a_stop_at_any_moment_loses_no_permit(World) {
  constexpr int kMoments = 6;
  Semaphore semaphore(3);
  for (int moment = 0; moment < kMoments; ++moment) {
    for (int release = 0; release <= moment; ++release) {
      Result<SemaphorePermits> held = co_await semaphore.acquire(2);
      JoinHandle<void> large = spawn_routine(take_for_a_moment<Routine>(semaphore, 3));
      JoinHandle<void> small = spawn_routine(take_for_a_moment<Routine>(semaphore, 1));
      for (int turn = 0; turn < moment; ++turn) {
        if (turn == release) held->release();
        co_await yield();
      }
      large.request_stop();
      Joined<void> first = co_await large.join();
      EXPECT_TRUE(first.has_value());
      held->release();
      Joined<void> second = co_await small.join();
      EXPECT_TRUE(second.has_value());
      EXPECT_EQ(semaphore.available(), 3u);
    }
  }
}

}  // namespace

void add_semaphore_scenarios(Suite& suite) {
  suite.add("permits_are_taken_given_back_and_forgotten",
            permits_are_taken_given_back_and_forgotten<Task>,
            permits_are_taken_given_back_and_forgotten<Script>);
  suite.add("one_that_wants_many_is_not_passed_by_those_that_want_few",
            one_that_wants_many_is_not_passed_by_those_that_want_few<Task>,
            one_that_wants_many_is_not_passed_by_those_that_want_few<Script>, RunOrder::queue);
  suite.add("a_cancelled_acquire_lets_those_behind_it_in",
            a_cancelled_acquire_lets_those_behind_it_in<Task>,
            a_cancelled_acquire_lets_those_behind_it_in<Script>, RunOrder::queue);
  suite.add("one_that_was_given_permits_has_them_although_it_is_stopped",
            one_that_was_given_permits_has_them_although_it_is_stopped<Task>,
            one_that_was_given_permits_has_them_although_it_is_stopped<Script>, RunOrder::queue);
  suite.add("no_more_are_inside_than_there_are_permits",
            no_more_are_inside_than_there_are_permits<Task>,
            no_more_are_inside_than_there_are_permits<Script>);
  suite.add("a_stop_at_any_moment_loses_no_permit", a_stop_at_any_moment_loses_no_permit<Task>,
            a_stop_at_any_moment_loses_no_permit<Script>);
}

}  // namespace rota::testing_tasks
