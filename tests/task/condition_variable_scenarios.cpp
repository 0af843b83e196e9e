#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

using namespace std::chrono_literals;

struct Board {
  Mutex mutex;
  ConditionVariable changed;
  bool ready = false;
  int waiting = 0;
  std::vector<int> order;
};

template <template <class> class Routine>
Routine<int> wait_until_ready(Board& board, int id) {
  Result<MutexGuard> guard = co_await board.mutex.lock();
  if (!guard) co_return guard.error().value();
  int code = 0;
  board.waiting += 1;
  while (!board.ready && code == 0) {
    Result<void> notified = co_await board.changed.wait(*guard);
    if (!notified) code = notified.error().value();
  }
  EXPECT_FALSE(board.mutex.try_lock().has_value());  // It is this one's again, stopped or not.
  board.order.push_back(id);
  co_return code;
}

/// Until so many have begun to wait: with the mutex, as they let go of it only in their wait.
template <template <class> class Routine>
Routine<void> see_waiting(Board& board, int count) {
  for (;;) {
    Result<MutexGuard> guard = co_await board.mutex.lock();
    if (board.waiting == count) co_return;
    guard->unlock();
    co_await yield();
  }
}

template <template <class> class Routine>
Routine<void> a_notified_task_has_the_mutex_again(World) {
  Board board;
  JoinHandle<int> child = spawn_routine(wait_until_ready<Routine>(board, 1));
  co_await as_task(see_waiting<Routine>(board, 1));
  Result<MutexGuard> guard = co_await board.mutex.lock();
  board.ready = true;
  board.changed.notify_one();
  co_await yield();
  EXPECT_TRUE(board.order.empty());
  guard->unlock();
  Joined<int> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), 0);
}

template <template <class> class Routine>
Routine<void> notify_all_wakes_all_one_after_the_other(World) {
  constexpr int kTasks = 5;
  Board board;
  std::vector<JoinHandle<int>> tasks;
  for (int i = 0; i < kTasks; ++i) {
    tasks.push_back(spawn_routine(wait_until_ready<Routine>(board, i)));
  }
  co_await as_task(see_waiting<Routine>(board, kTasks));
  Result<MutexGuard> guard = co_await board.mutex.lock();
  board.ready = true;
  guard->unlock();
  board.changed.notify_all();
  for (JoinHandle<int>& task : tasks) {
    Joined<int> joined = co_await task.join();
    EXPECT_EQ(std::move(joined).value(), 0);
  }
  EXPECT_EQ(board.order.size(), std::size_t{kTasks});
}

template <template <class> class Routine>
Routine<int> wait_once(Board& board, int id) {
  Result<MutexGuard> guard = co_await board.mutex.lock();
  Result<void> notified = co_await board.changed.wait(*guard);
  board.order.push_back(id);
  co_return notified ? 0 : notified.error().value();
}

template <template <class> class Routine>
Routine<void> notifications_are_served_in_the_order_of_the_waits(World) {
  Board board;
  JoinHandle<int> one = spawn_routine(wait_once<Routine>(board, 1));
  JoinHandle<int> two = spawn_routine(wait_once<Routine>(board, 2));
  JoinHandle<int> three = spawn_routine(wait_once<Routine>(board, 3));
  co_await yield();
  two.request_stop();
  Joined<int> stopped = co_await two.join();
  EXPECT_EQ(std::move(stopped).value(), ECANCELED);
  board.changed.notify_one();
  Joined<int> first = co_await one.join();
  EXPECT_EQ(std::move(first).value(), 0);
  EXPECT_FALSE(three.is_done());
  board.changed.notify_one();
  Joined<int> last = co_await three.join();
  EXPECT_EQ(std::move(last).value(), 0);
  EXPECT_EQ(board.order, (std::vector{2, 1, 3}));
}

template <template <class> class Routine>
Routine<void> a_cancelled_wait_ends_with_the_mutex(World) {
  Board board;
  JoinHandle<int> child = spawn_routine(wait_until_ready<Routine>(board, 1));
  co_await yield();
  Result<MutexGuard> guard = co_await board.mutex.lock();
  child.request_stop();
  for (int i = 0; i < 4; ++i) co_await yield();
  EXPECT_FALSE(child.is_done()) << "it ends when it has the mutex, and not before";
  guard->unlock();
  Joined<int> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
  EXPECT_TRUE(board.mutex.try_lock().has_value());
}

template <template <class> class Routine>
Routine<void> one_that_was_notified_ends_well_although_it_is_stopped(World) {
  Board board;
  JoinHandle<int> child = spawn_routine(wait_once<Routine>(board, 1));
  co_await yield();
  Result<MutexGuard> guard = co_await board.mutex.lock();
  board.changed.notify_one();
  child.request_stop();
  co_await yield();
  guard->unlock();
  Joined<int> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), 0);
  EXPECT_TRUE(board.mutex.try_lock().has_value());
}

template <template <class> class Routine>
Routine<void> a_wait_for_a_condition_may_have_a_deadline(World) {
  Board board;
  Result<MutexGuard> guard = co_await board.mutex.lock();
  Result<void> late = co_await timeout(Duration(1ms), board.changed.wait(*guard));
  EXPECT_EQ(late.error(), std::errc::timed_out);
  EXPECT_FALSE(board.mutex.try_lock().has_value());
}

/// A bounded queue as it is written with two conditions.
struct Queue {
  static constexpr std::size_t kRoom = 4;

  Mutex mutex;
  ConditionVariable filled;
  ConditionVariable emptied;
  std::deque<long> values;
};

template <template <class> class Routine>
Routine<void> put_numbers(Queue& queue, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    Result<MutexGuard> guard = co_await queue.mutex.lock();
    while (queue.values.size() == Queue::kRoom) {
      Result<void> notified = co_await queue.emptied.wait(*guard);
      EXPECT_TRUE(notified.has_value());
    }
    queue.values.push_back(static_cast<long>(i));
    queue.filled.notify_one();
  }
}
template <template <class> class Routine>
Routine<long> take_numbers(Queue& queue, std::size_t count) {
  long sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Result<MutexGuard> guard = co_await queue.mutex.lock();
    while (queue.values.empty()) {
      Result<void> notified = co_await queue.filled.wait(*guard);
      EXPECT_TRUE(notified.has_value());
    }
    sum += queue.values.front();
    queue.values.pop_front();
    queue.emptied.notify_one();
  }
  co_return sum;
}
long take_numbers_as_a_thread(Queue& queue, std::size_t count) {
  long sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Result<MutexGuard> guard = wait_in_thread(queue.mutex.lock());
    while (queue.values.empty()) {
      EXPECT_TRUE(wait_in_thread(queue.filled.wait(*guard)).has_value());
    }
    sum += queue.values.front();
    queue.values.pop_front();
    queue.emptied.notify_one();
  }
  return sum;
}

template <template <class> class Routine>
Routine<void> a_queue_with_two_conditions_loses_nothing(World) {
  const std::size_t count = rounds(200);
  Queue queue;
  long by_thread = 0;
  std::thread thread([&] { by_thread = take_numbers_as_a_thread(queue, count); });
  JoinHandle<void> one = spawn_routine(put_numbers<Routine>(queue, count));
  JoinHandle<void> two = spawn_routine(put_numbers<Routine>(queue, count));
  long sum = co_await as_task(take_numbers<Routine>(queue, count));
  Joined<void> first = co_await one.join();
  Joined<void> second = co_await two.join();
  EXPECT_TRUE(first.has_value() && second.has_value());
  thread.join();
  EXPECT_EQ(sum + by_thread, static_cast<long>(count * (count - 1)));
}

}  // namespace

void add_condition_variable_scenarios(Suite& suite) {
  suite.add("a_notified_task_has_the_mutex_again", a_notified_task_has_the_mutex_again<Task>,
            a_notified_task_has_the_mutex_again<Script>);
  suite.add("notify_all_wakes_all_one_after_the_other",
            notify_all_wakes_all_one_after_the_other<Task>,
            notify_all_wakes_all_one_after_the_other<Script>);
  suite.add("notifications_are_served_in_the_order_of_the_waits",
            notifications_are_served_in_the_order_of_the_waits<Task>,
            notifications_are_served_in_the_order_of_the_waits<Script>, RunOrder::queue);
  suite.add("a_cancelled_wait_ends_with_the_mutex", a_cancelled_wait_ends_with_the_mutex<Task>,
            a_cancelled_wait_ends_with_the_mutex<Script>, RunOrder::queue);
  suite.add("one_that_was_notified_ends_well_although_it_is_stopped",
            one_that_was_notified_ends_well_although_it_is_stopped<Task>,
            one_that_was_notified_ends_well_although_it_is_stopped<Script>, RunOrder::queue);
  suite.add("a_wait_for_a_condition_may_have_a_deadline",
            a_wait_for_a_condition_may_have_a_deadline<Task>,
            a_wait_for_a_condition_may_have_a_deadline<Script>);
  suite.add("a_queue_with_two_conditions_loses_nothing",
            a_queue_with_two_conditions_loses_nothing<Task>,
            a_queue_with_two_conditions_loses_nothing<Script>);
}

}  // namespace rota::testing_tasks
