#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <expected>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<std::string> answer_after_a_yield() {
  co_await yield();
  co_return std::string("the answer, longer than what a string keeps inside");
}
template <template <class> class Routine>
Routine<std::string> fail_after_a_yield() {
  co_await yield();
  throw std::runtime_error("failed");
  co_return std::string();
}

template <template <class> class Routine>
Routine<std::string> answer_after(Event& question) {
  static_cast<void>(co_await question.wait());
  co_return std::string("the answer, longer than what a string keeps inside");
}

template <template <class> class Routine>
Routine<void> join_yields_the_value(World) {
  Event question;
  JoinHandle<std::string> child = spawn_routine(answer_after<Routine>(question));
  EXPECT_FALSE(child.is_done());
  question.set();
  Joined<std::string> joined = co_await child.join();
  EXPECT_TRUE(child.is_done());
  EXPECT_EQ(std::move(joined).value(), "the answer, longer than what a string keeps inside");
}

template <template <class> class Routine>
Routine<void> join_of_an_ended_task_does_not_wait(World) {
  JoinHandle<std::string> child = spawn_routine(answer_after_a_yield<Routine>());
  while (!child.is_done()) co_await yield();
  Joined<std::string> joined = co_await child.join();
  EXPECT_TRUE(joined.has_value());
}

template <template <class> class Routine>
Routine<void> join_yields_the_exception(World) {
  JoinHandle<std::string> child = spawn_routine(fail_after_a_yield<Routine>());
  Joined<std::string> joined = co_await child.join();
  EXPECT_EQ(joined.kind(), Joined<std::string>::Kind::exception);
  EXPECT_THROW(std::move(joined).value(), std::runtime_error);
}

template <template <class> class Routine>
Routine<std::string> wait_then_answer(Event& event) {
  Result<void> waited = co_await event.wait();
  EXPECT_TRUE(waited.has_value());
  co_return std::string("late");
}
template <template <class> class Routine>
Routine<bool> join_and_be_stopped(JoinHandle<std::string>& child) {
  Joined<std::string> joined = co_await child.join();
  const bool stopped = joined.kind() == Joined<std::string>::Kind::stopped;
  EXPECT_THROW(std::move(joined).value(), std::bad_expected_access<std::error_code>);
  co_return stopped;
}

template <template <class> class Routine>
Routine<void> a_stopped_join_can_be_repeated(World) {
  Event event;
  JoinHandle<std::string> child = spawn_routine(wait_then_answer<Routine>(event));
  JoinHandle<bool> joiner = spawn_routine(join_and_be_stopped<Routine>(child));
  co_await yield();
  joiner.request_stop();
  Joined<bool> stopped = co_await joiner.join();
  EXPECT_TRUE(std::move(stopped).value());
  event.set();
  Joined<std::string> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), "late");
}

template <template <class> class Routine>
Routine<std::string> announce_and_answer(Event& ended) {
  ended.set();
  co_return std::string("nobody asks");
}

template <template <class> class Routine>
Routine<void> a_handle_may_be_dropped_before_and_after_the_end(World) {
  Event first_ended;
  {
    JoinHandle<std::string> dropped = spawn_routine(announce_and_answer<Routine>(first_ended));
  }
  Result<void> waited = co_await first_ended.wait();
  EXPECT_TRUE(waited.has_value());

  Event second_ended;
  {
    JoinHandle<std::string> kept = spawn_routine(announce_and_answer<Routine>(second_ended));
    while (!kept.is_done()) co_await yield();
  }
  EXPECT_TRUE(second_ended.is_set());
}

template <template <class> class Routine>
Routine<void> a_handle_may_be_dropped_by_another_thread(World) {
  Event ended;
  JoinHandle<std::string> child = spawn_routine(announce_and_answer<Routine>(ended));
  while (!child.is_done()) co_await yield();
  std::thread([handle = std::move(child)] {}).join();
}

template <template <class> class Routine>
Routine<void> a_hundred_thousand_tasks_are_spawned_and_joined(World) {
  const std::size_t count = rounds(100'000);
  Event ended;
  for (std::size_t i = 0; i < count; ++i) {
    JoinHandle<std::string> child = spawn_routine(announce_and_answer<Routine>(ended));
    Joined<std::string> joined = co_await child.join();
    if (!joined.has_value()) ADD_FAILURE() << "task " << i << " yielded no value";
  }
}

}  // namespace

void add_join_scenarios(Suite& suite) {
  suite.add("join_yields_the_value", join_yields_the_value<Task>, join_yields_the_value<Script>);
  suite.add("join_of_an_ended_task_does_not_wait", join_of_an_ended_task_does_not_wait<Task>,
            join_of_an_ended_task_does_not_wait<Script>);
  suite.add("join_yields_the_exception", join_yields_the_exception<Task>,
            join_yields_the_exception<Script>);
  suite.add("a_stopped_join_can_be_repeated", a_stopped_join_can_be_repeated<Task>,
            a_stopped_join_can_be_repeated<Script>);
  suite.add("a_handle_may_be_dropped_before_and_after_the_end",
            a_handle_may_be_dropped_before_and_after_the_end<Task>,
            a_handle_may_be_dropped_before_and_after_the_end<Script>);
  suite.add("a_handle_may_be_dropped_by_another_thread",
            a_handle_may_be_dropped_by_another_thread<Task>,
            a_handle_may_be_dropped_by_another_thread<Script>);
  suite.add("a_hundred_thousand_tasks_are_spawned_and_joined",
            a_hundred_thousand_tasks_are_spawned_and_joined<Task>,
            a_hundred_thousand_tasks_are_spawned_and_joined<Script>);
}

}  // namespace rota::testing_tasks
