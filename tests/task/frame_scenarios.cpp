#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

namespace rota::testing_tasks {
namespace {

Task<int> descend(int levels) {
  if (levels == 0) {
    co_await yield();
    co_return 0;
  }
  int below = co_await descend(levels - 1);
  co_return below + 1;
}

template <template <class> class Routine>
Routine<void> tasks_await_each_other_a_hundred_thousand_levels_deep(World) {
  int depth = co_await descend(100'000);
  EXPECT_EQ(depth, 100'000);
}

Task<int> throw_below(int levels) {
  if (levels == 0) {
    co_await yield();
    throw std::out_of_range("from below");
  }
  int below = co_await throw_below(levels - 1);
  co_return below;
}

template <template <class> class Routine>
Routine<void> exceptions_pass_through_every_frame(World) {
  bool caught = false;
  try {
    int never = co_await throw_below(50);
    EXPECT_EQ(never, -1);
  } catch (const std::out_of_range& error) {
    caught = std::string_view(error.what()) == "from below";
  }
  EXPECT_TRUE(caught);
  // The task is as good as new.
  int depth = co_await descend(3);
  EXPECT_EQ(depth, 3);
}

template <template <class> class Routine>
Routine<int> never_awaited(int& destroyed) {
  struct Count {
    int& count;
    ~Count() { count += 1; }
  } on_exit{destroyed};
  co_await yield();
  co_return 1;
}

template <template <class> class Routine>
Routine<void> frames_may_be_freed_by_another_thread(World) {
  int destroyed = 0;
  {
    Task<int> unused = as_task(never_awaited<Routine>(destroyed));
    std::thread([task = std::move(unused)] {}).join();
  }
  EXPECT_EQ(destroyed, 0) << "the body of a task that was never awaited has run";
  // What came back through the remote list is used again.
  for (int i = 0; i < 100; ++i) {
    int depth = co_await descend(3);
    EXPECT_EQ(depth, 3);
  }
}

template <template <class> class Routine>
Routine<void> a_task_that_never_suspends_is_awaited_in_constant_stack(World) {
  int sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    int value = co_await [](int v) -> Task<int> { co_return v; }(1);
    sum += value;
  }
  EXPECT_EQ(sum, 100'000);
}

}  // namespace

void add_frame_scenarios(Suite& suite) {
  suite.add("tasks_await_each_other_a_hundred_thousand_levels_deep",
            tasks_await_each_other_a_hundred_thousand_levels_deep<Task>,
            tasks_await_each_other_a_hundred_thousand_levels_deep<Script>);
  suite.add("exceptions_pass_through_every_frame", exceptions_pass_through_every_frame<Task>,
            exceptions_pass_through_every_frame<Script>);
  suite.add("frames_may_be_freed_by_another_thread", frames_may_be_freed_by_another_thread<Task>,
            frames_may_be_freed_by_another_thread<Script>);
  suite.add("a_task_that_never_suspends_is_awaited_in_constant_stack",
            a_task_that_never_suspends_is_awaited_in_constant_stack<Task>,
            a_task_that_never_suspends_is_awaited_in_constant_stack<Script>);
}

}  // namespace rota::testing_tasks
