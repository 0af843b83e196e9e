#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

/// Something with wakers of its own: a number that grows, and who waits for it.
struct Gauge {
  std::mutex mutex;
  int level = 0;
  std::vector<PollWaker> wakers;

  std::optional<int> reached(int wanted, const PollWaker& waker) {
    const std::lock_guard guard(mutex);
    if (level >= wanted) return level;
    wakers.push_back(waker);
    return std::nullopt;
  }
  void rise() {
    std::vector<PollWaker> woken;
    {
      const std::lock_guard guard(mutex);
      level += 1;
      woken = std::move(wakers);
      wakers.clear();
    }
    for (const PollWaker& waker : woken) waker.wake();
  }
};

struct Reached {
  Gauge& gauge;
  int wanted;
  int* calls;
  std::optional<int> operator()(const PollWaker& waker) {
    *calls += 1;
    return gauge.reached(wanted, waker);
  }
};

template <template <class> class Routine>
Routine<int> wait_until(Gauge& gauge, int wanted, int& calls) {
  Reached reached{gauge, wanted, &calls};
  Result<int> level = co_await poll_fn(reached);
  co_return level ? *level : -level.error().value();
}

template <template <class> class Routine>
Routine<void> a_poll_function_is_called_once_per_wake_until_it_answers(World) {
  Gauge gauge;
  int calls = 0;
  JoinHandle<int> child = spawn_routine(wait_until<Routine>(gauge, 3, calls));
  for (int i = 0; i < 3; ++i) {
    for (int turn = 0; turn < 3; ++turn) co_await yield();
    gauge.rise();
  }
  Joined<int> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), 3);
  EXPECT_LE(calls, 4);
  EXPECT_GE(calls, 1);
}

template <template <class> class Routine>
Routine<void> a_stopped_poll_is_dropped_and_its_wakers_do_nothing(World) {
  Gauge gauge;
  int calls = 0;
  JoinHandle<int> child = spawn_routine(wait_until<Routine>(gauge, 1, calls));
  co_await yield();
  child.request_stop();
  Joined<int> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), -ECANCELED);
  const int before = calls;
  gauge.rise();
  co_await yield();
  EXPECT_EQ(calls, before);
}

struct ThrowingPoll {
  std::optional<int> operator()(const PollWaker&) { throw std::runtime_error("no poll"); }
};

template <template <class> class Routine>
Routine<void> what_a_poll_function_throws_reaches_its_caller(World) {
  bool has_thrown = false;
  try {
    Result<int> none = co_await poll_fn(ThrowingPoll());
    EXPECT_FALSE(none.has_value());
  } catch (const std::runtime_error&) {
    has_thrown = true;
  }
  EXPECT_TRUE(has_thrown);
}

// Wakes from threads at any moment, more than needed and too late, and the last waker anywhere.
template <template <class> class Routine>
Routine<void> threads_wake_a_poll_as_often_as_they_like(World) {
  constexpr int kThreads = 3;
  const int times = static_cast<int>(rounds(30));
  for (int round = 0; round < times; ++round) {
    Gauge gauge;
    int calls = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&gauge] {
        gauge.rise();
        gauge.rise();
      });
    }
    Reached reached{gauge, 2 * kThreads, &calls};
    Result<int> level = co_await poll_fn(reached);
    EXPECT_EQ(level.value(), 2 * kThreads);
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace

void add_poll_fn_scenarios(Suite& suite) {
  suite.add("a_poll_function_is_called_once_per_wake_until_it_answers",
            a_poll_function_is_called_once_per_wake_until_it_answers<Task>,
            a_poll_function_is_called_once_per_wake_until_it_answers<Script>);
  suite.add("a_stopped_poll_is_dropped_and_its_wakers_do_nothing",
            a_stopped_poll_is_dropped_and_its_wakers_do_nothing<Task>,
            a_stopped_poll_is_dropped_and_its_wakers_do_nothing<Script>);
  suite.add("what_a_poll_function_throws_reaches_its_caller",
            what_a_poll_function_throws_reaches_its_caller<Task>,
            what_a_poll_function_throws_reaches_its_caller<Script>);
  suite.add("threads_wake_a_poll_as_often_as_they_like",
            threads_wake_a_poll_as_often_as_they_like<Task>,
            threads_wake_a_poll_as_often_as_they_like<Script>);
}

}  // namespace rota::testing_tasks
