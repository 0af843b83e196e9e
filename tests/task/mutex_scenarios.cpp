#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

using namespace std::chrono_literals;

template <template <class> class Routine>
Routine<void> a_mutex_has_one_holder_at_a_time(World) {
  Mutex mutex;
  Result<MutexGuard> guard = co_await mutex.lock();
  EXPECT_TRUE(guard.has_value());
  EXPECT_FALSE(mutex.try_lock().has_value());
  guard->unlock();
  EXPECT_FALSE(guard->owns_lock());
  std::optional<MutexGuard> again = mutex.try_lock();
  EXPECT_TRUE(again.has_value());
}

template <template <class> class Routine>
Routine<int> lock_and_note(Mutex& mutex, int id, std::vector<int>& order) {
  Result<MutexGuard> guard = co_await mutex.lock();
  if (!guard) co_return guard.error().value();
  order.push_back(id);
  co_return 0;
}

template <template <class> class Routine>
Routine<void> a_mutex_is_handed_on_in_the_order_of_the_waits(World) {
  Mutex mutex;
  std::vector<int> order;
  Result<MutexGuard> guard = co_await mutex.lock();
  JoinHandle<int> first = spawn_routine(lock_and_note<Routine>(mutex, 1, order));
  JoinHandle<int> second = spawn_routine(lock_and_note<Routine>(mutex, 2, order));
  JoinHandle<int> third = spawn_routine(lock_and_note<Routine>(mutex, 3, order));
  co_await yield();
  guard->unlock();
  // It is the first one's by now, although that has not run yet: nobody goes past.
  EXPECT_FALSE(mutex.try_lock().has_value());
  guard = co_await mutex.lock();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  Joined<int> joined = co_await third.join();
  EXPECT_EQ(std::move(joined).value(), 0);
}

template <template <class> class Routine>
Routine<void> a_cancelled_lock_gives_up_its_place_alone(World) {
  Mutex mutex;
  std::vector<int> order;
  Result<MutexGuard> guard = co_await mutex.lock();
  JoinHandle<int> stopped = spawn_routine(lock_and_note<Routine>(mutex, 1, order));
  JoinHandle<int> next = spawn_routine(lock_and_note<Routine>(mutex, 2, order));
  co_await yield();
  stopped.request_stop();
  Joined<int> canceled = co_await stopped.join();
  EXPECT_EQ(std::move(canceled).value(), ECANCELED);
  guard->unlock();
  Joined<int> joined = co_await next.join();
  EXPECT_EQ(std::move(joined).value(), 0);
  EXPECT_EQ(order, std::vector{2});
  EXPECT_TRUE(mutex.try_lock().has_value());
}

template <template <class> class Routine>
Routine<void> one_that_was_handed_the_lock_has_it_although_it_is_stopped(World) {
  Mutex mutex;
  std::vector<int> order;
  Result<MutexGuard> guard = co_await mutex.lock();
  JoinHandle<int> child = spawn_routine(lock_and_note<Routine>(mutex, 1, order));
  co_await yield();
  guard->unlock();
  child.request_stop();
  Joined<int> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), 0);
  EXPECT_EQ(order, std::vector{1});
  EXPECT_TRUE(mutex.try_lock().has_value());
}

template <template <class> class Routine>
Routine<void> throw_with_the_lock(Mutex& mutex) {
  Result<MutexGuard> guard = co_await mutex.lock();
  EXPECT_TRUE(guard.has_value());
  co_await yield();
  throw std::runtime_error("with the lock");
}

template <template <class> class Routine>
Routine<void> an_exception_unlocks_on_its_way(World) {
  Mutex mutex;
  JoinHandle<void> child = spawn_routine(throw_with_the_lock<Routine>(mutex));
  Joined<void> joined = co_await child.join();
  EXPECT_EQ(joined.kind(), Joined<void>::Kind::exception);
  EXPECT_TRUE(mutex.try_lock().has_value());
}

/// What a mutex guards: written without atomics, so that the thread sanitizer looks too.
struct Guarded {
  Mutex mutex;
  long count = 0;
  bool busy = false;

  void enter() {
    EXPECT_FALSE(std::exchange(busy, true));
    count += 1;
  }
  void leave() { busy = false; }
};

template <template <class> class Routine>
Routine<void> count_under_the_lock(Guarded& guarded, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    Result<MutexGuard> guard = co_await guarded.mutex.lock();
    guarded.enter();
    if (i % 8 == 0) co_await yield();  // Its waiters stand in line meanwhile.
    guarded.leave();
  }
}

template <template <class> class Routine>
Routine<void> tasks_never_meet_under_a_lock(World) {
  constexpr std::size_t kTasks = 8;
  const std::size_t times = rounds(400);
  Guarded guarded;
  co_await with_scope([&](Scope& scope) -> Task<void> {
    for (std::size_t i = 0; i < kTasks; ++i) {
      spawn_routine(scope, count_under_the_lock<Routine>(guarded, times));
    }
    co_return;
  });
  EXPECT_EQ(guarded.count, static_cast<long>(kTasks * times));
}

template <template <class> class Routine>
Routine<void> plain_threads_stand_in_line_with_tasks(World) {
  constexpr std::size_t kThreads = 2;
  const std::size_t times = rounds(200);
  Guarded guarded;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (std::size_t turn = 0; turn < times; ++turn) {
        Result<MutexGuard> guard = wait_in_thread(guarded.mutex.lock());
        guarded.enter();
        guarded.leave();
      }
    });
  }
  JoinHandle<void> task = spawn_routine(count_under_the_lock<Routine>(guarded, times));
  co_await as_task(count_under_the_lock<Routine>(guarded, times));
  Joined<void> joined = co_await task.join();
  EXPECT_TRUE(joined.has_value());
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(guarded.count, static_cast<long>((kThreads + 2) * times));
}

template <template <class> class Routine>
Routine<int> lock_for_a_moment(Mutex& mutex, long& count) {
  Result<MutexGuard> guard = co_await mutex.lock();
  if (!guard) co_return 0;
  count += 1;
  co_await yield();
  co_return 1;
}

// The stop comes before it runs, while it waits, as it is handed the lock, and while it has it.
template <template <class> class Routine>
Routine<void> a_stop_at_any_moment_leaves_the_mutex_free(World) {
  constexpr int kMoments = 6;
  Mutex mutex;
  long count = 0;
  long locked = 0;
  for (int moment = 0; moment < kMoments; ++moment) {
    for (int release = 0; release <= moment; ++release) {
      Result<MutexGuard> guard = co_await mutex.lock();
      JoinHandle<int> one = spawn_routine(lock_for_a_moment<Routine>(mutex, count));
      JoinHandle<int> other = spawn_routine(lock_for_a_moment<Routine>(mutex, count));
      for (int turn = 0; turn < moment; ++turn) {
        if (turn == release) guard->unlock();
        co_await yield();
      }
      one.request_stop();
      guard->unlock();
      Joined<int> first = co_await one.join();
      Joined<int> second = co_await other.join();
      locked += std::move(first).value();
      locked += std::move(second).value();
      EXPECT_TRUE(mutex.try_lock().has_value());
    }
  }
  EXPECT_EQ(count, locked);
}

template <template <class> class Routine>
Routine<void> a_lock_may_have_a_deadline(World) {
  Mutex mutex;
  Result<MutexGuard> guard = co_await mutex.lock();
  Result<MutexGuard> late = co_await timeout(Duration(1ms), mutex.lock());
  EXPECT_EQ(late.error(), std::errc::timed_out);
  guard->unlock();
  Result<MutexGuard> soon = co_await timeout(Duration(1h), mutex.lock());
  EXPECT_TRUE(soon.has_value());
}

}  // namespace

void add_mutex_scenarios(Suite& suite) {
  suite.add("a_mutex_has_one_holder_at_a_time", a_mutex_has_one_holder_at_a_time<Task>,
            a_mutex_has_one_holder_at_a_time<Script>);
  suite.add("a_mutex_is_handed_on_in_the_order_of_the_waits",
            a_mutex_is_handed_on_in_the_order_of_the_waits<Task>,
            a_mutex_is_handed_on_in_the_order_of_the_waits<Script>, RunOrder::queue);
  suite.add("a_cancelled_lock_gives_up_its_place_alone",
            a_cancelled_lock_gives_up_its_place_alone<Task>,
            a_cancelled_lock_gives_up_its_place_alone<Script>, RunOrder::queue);
  suite.add("one_that_was_handed_the_lock_has_it_although_it_is_stopped",
            one_that_was_handed_the_lock_has_it_although_it_is_stopped<Task>,
            one_that_was_handed_the_lock_has_it_although_it_is_stopped<Script>, RunOrder::queue);
  suite.add("an_exception_unlocks_on_its_way", an_exception_unlocks_on_its_way<Task>,
            an_exception_unlocks_on_its_way<Script>);
  suite.add("tasks_never_meet_under_a_lock", tasks_never_meet_under_a_lock<Task>,
            tasks_never_meet_under_a_lock<Script>);
  suite.add("plain_threads_stand_in_line_with_tasks", plain_threads_stand_in_line_with_tasks<Task>,
            plain_threads_stand_in_line_with_tasks<Script>);
  suite.add("a_stop_at_any_moment_leaves_the_mutex_free",
            a_stop_at_any_moment_leaves_the_mutex_free<Task>,
            a_stop_at_any_moment_leaves_the_mutex_free<Script>);
  suite.add("a_lock_may_have_a_deadline", a_lock_may_have_a_deadline<Task>,
            a_lock_may_have_a_deadline<Script>);
}

}  // namespace rota::testing_tasks
