#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace rota::testing_tasks {
namespace {

using namespace std::chrono_literals;

template <template <class> class Routine>
Routine<void> sleep_is_never_early(World) {
  for (const Duration span : {Duration(0ns), Duration(1ns), Duration(50us), Duration(3ms)}) {
    const Instant before = now();
    Result<void> slept = co_await sleep(span);
    EXPECT_TRUE(slept.has_value());
    EXPECT_GE(now() - before, span);
  }
}

template <template <class> class Routine>
Routine<void> sleep_until_the_past_ends_at_once(World) {
  Result<void> slept = co_await sleep_until(Instant::min());
  EXPECT_TRUE(slept.has_value());
}

template <template <class> class Routine>
Routine<void> sleep_and_note(Instant due, int id, std::vector<int>& order) {
  Result<void> slept = co_await sleep_until(due);
  EXPECT_TRUE(slept.has_value());
  order.push_back(id);
}

template <template <class> class Routine>
Routine<void> sleepers_wake_in_the_order_of_their_instants(World) {
  std::vector<int> order;
  const Instant start = now() + Duration(50ms);  // All sleep before the first of them is due.
  JoinHandle<void> last = spawn_routine(sleep_and_note<Routine>(start + Duration(9ms), 3, order));
  JoinHandle<void> first = spawn_routine(sleep_and_note<Routine>(start + Duration(1ms), 1, order));
  JoinHandle<void> second = spawn_routine(sleep_and_note<Routine>(start + Duration(5ms), 2, order));
  Joined<void> joined = co_await last.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

template <template <class> class Routine>
Routine<void> note_between_yields(int id, int times, std::vector<int>& order) {
  for (int i = 0; i < times; ++i) {
    order.push_back(id);
    co_await yield();
  }
}

template <template <class> class Routine>
Routine<void> tasks_start_and_yield_in_turn(World) {
  std::vector<int> order;
  JoinHandle<void> first = spawn_routine(note_between_yields<Routine>(0, 3, order));
  JoinHandle<void> second = spawn_routine(note_between_yields<Routine>(1, 3, order));
  JoinHandle<void> third = spawn_routine(note_between_yields<Routine>(2, 3, order));
  Joined<void> joined = co_await third.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_EQ(order, (std::vector{0, 1, 2, 0, 1, 2, 0, 1, 2}));
}

}  // namespace

void add_time_scenarios(Suite& suite) {
  suite.add("sleep_is_never_early", sleep_is_never_early<Task>, sleep_is_never_early<Script>);
  suite.add("sleep_until_the_past_ends_at_once", sleep_until_the_past_ends_at_once<Task>,
            sleep_until_the_past_ends_at_once<Script>);
  suite.add("sleepers_wake_in_the_order_of_their_instants",
            sleepers_wake_in_the_order_of_their_instants<Task>,
            sleepers_wake_in_the_order_of_their_instants<Script>, RunOrder::queue);
  suite.add("tasks_start_and_yield_in_turn", tasks_start_and_yield_in_turn<Task>,
            tasks_start_and_yield_in_turn<Script>, RunOrder::queue);
}

}  // namespace rota::testing_tasks
