#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<void> a_set_event_lets_everybody_through(World) {
  Event event;
  event.set();
  Result<void> first = co_await event.wait();
  Result<void> second = co_await event.wait();
  EXPECT_TRUE(first.has_value());
  EXPECT_TRUE(second.has_value());
}

template <template <class> class Routine>
Routine<void> wait_and_note(Event& event, int id, std::vector<int>& order) {
  Result<void> waited = co_await event.wait();
  EXPECT_TRUE(waited.has_value());
  order.push_back(id);
}

template <template <class> class Routine>
Routine<void> set_wakes_in_the_order_of_the_waits(World) {
  Event event;
  std::vector<int> order;
  JoinHandle<void> first = spawn_routine(wait_and_note<Routine>(event, 1, order));
  JoinHandle<void> second = spawn_routine(wait_and_note<Routine>(event, 2, order));
  JoinHandle<void> third = spawn_routine(wait_and_note<Routine>(event, 3, order));
  co_await yield();
  EXPECT_TRUE(order.empty());
  event.set();
  Joined<void> joined = co_await third.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

template <template <class> class Routine>
Routine<void> after_a_reset_waits_park_again(World) {
  Event event;
  event.set();
  event.reset();
  std::vector<int> order;
  JoinHandle<void> waiter = spawn_routine(wait_and_note<Routine>(event, 1, order));
  co_await yield();
  EXPECT_TRUE(order.empty());
  event.set();
  Joined<void> joined = co_await waiter.join();
  EXPECT_TRUE(joined.has_value());
}

template <template <class> class Routine>
Routine<void> a_plain_thread_may_set(World world) {
  // Under simulation virtual time does not wait for other threads, but a task without a deadline
  // does: the driver sleeps until it is woken.
  static_cast<void>(world);
  Event event;
  std::thread other([&event] { event.set(); });
  Result<void> waited = co_await event.wait();
  EXPECT_TRUE(waited.has_value());
  other.join();
}

}  // namespace

void add_event_scenarios(Suite& suite) {
  suite.add("a_set_event_lets_everybody_through", a_set_event_lets_everybody_through<Task>,
            a_set_event_lets_everybody_through<Script>);
  suite.add("set_wakes_in_the_order_of_the_waits", set_wakes_in_the_order_of_the_waits<Task>,
            set_wakes_in_the_order_of_the_waits<Script>, RunOrder::queue);
  suite.add("after_a_reset_waits_park_again", after_a_reset_waits_park_again<Task>,
            after_a_reset_waits_park_again<Script>);
  suite.add("a_plain_thread_may_set", a_plain_thread_may_set<Task>, a_plain_thread_may_set<Script>);
}

}  // namespace rota::testing_tasks
