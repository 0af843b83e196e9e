#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

/// What is to be done once; it fails the first times.
struct Work {
  Once once;
  int failures = 0;
  int begun = 0;
  int done = 0;
};

Task<void> do_or_throw(Work& work) {
  work.begun += 1;
  co_await yield();
  if (work.begun <= work.failures) throw std::runtime_error("not yet");
  work.done += 1;
}
Task<Result<void>> do_or_fail(Work& work) {
  work.begun += 1;
  co_await yield();
  if (work.begun <= work.failures) co_return failure(EAGAIN);
  work.done += 1;
  co_return Result<void>();
}

template <template <class> class Routine>
Routine<int> call_throwing(Work& work) {
  Result<void> ready = co_await work.once.call([&work] { return do_or_throw(work); });
  if (ready) {
    EXPECT_EQ(work.done, 1);
  }
  co_return ready ? 0 : ready.error().value();
}
template <template <class> class Routine>
Routine<int> call_failing(Work& work) {
  Result<void> ready = co_await work.once.call([&work] { return do_or_fail(work); });
  if (ready) {
    EXPECT_EQ(work.done, 1);
  }
  co_return ready ? 0 : ready.error().value();
}

template <template <class> class Routine>
Routine<void> among_many_one_does_what_is_done_once(World) {
  constexpr int kTasks = 8;
  Work work;
  std::vector<JoinHandle<int>> tasks;
  for (int i = 0; i < kTasks; ++i) tasks.push_back(spawn_routine(call_throwing<Routine>(work)));
  for (JoinHandle<int>& task : tasks) {
    Joined<int> joined = co_await task.join();
    EXPECT_EQ(std::move(joined).value(), 0);
  }
  EXPECT_EQ(work.begun, 1);
  EXPECT_TRUE(work.once.is_done());
}

template <template <class> class Routine>
Routine<void> after_a_throw_the_next_task_tries(World) {
  constexpr int kTasks = 5;
  Work work;
  work.failures = 2;
  std::vector<JoinHandle<int>> tasks;
  for (int i = 0; i < kTasks; ++i) tasks.push_back(spawn_routine(call_throwing<Routine>(work)));
  int thrown = 0;
  for (JoinHandle<int>& task : tasks) {
    Joined<int> joined = co_await task.join();
    if (joined.kind() == Joined<int>::Kind::exception) thrown += 1;
  }
  EXPECT_EQ(thrown, 2);
  EXPECT_EQ(work.begun, 3);
  EXPECT_TRUE(work.once.is_done());
}

template <template <class> class Routine>
Routine<void> after_an_error_the_next_call_tries(World) {
  Work work;
  work.failures = 1;
  int first = co_await as_task(call_failing<Routine>(work));
  EXPECT_EQ(first, EAGAIN);
  EXPECT_FALSE(work.once.is_done());
  int second = co_await as_task(call_failing<Routine>(work));
  EXPECT_EQ(second, 0);
  int third = co_await as_task(call_failing<Routine>(work));
  EXPECT_EQ(third, 0);
  EXPECT_EQ(work.begun, 2);
}

template <template <class> class Routine>
Routine<void> a_call_that_waits_can_be_stopped(World) {
  Work work;
  JoinHandle<int> first = spawn_routine(call_failing<Routine>(work));
  JoinHandle<int> stopped = spawn_routine(call_failing<Routine>(work));
  co_await yield();
  stopped.request_stop();
  Joined<int> canceled = co_await stopped.join();
  EXPECT_EQ(std::move(canceled).value(), ECANCELED);
  Joined<int> joined = co_await first.join();
  EXPECT_EQ(std::move(joined).value(), 0);
}

}  // namespace

void add_once_scenarios(Suite& suite) {
  suite.add("among_many_one_does_what_is_done_once", among_many_one_does_what_is_done_once<Task>,
            among_many_one_does_what_is_done_once<Script>);
  suite.add("after_a_throw_the_next_task_tries", after_a_throw_the_next_task_tries<Task>,
            after_a_throw_the_next_task_tries<Script>);
  suite.add("after_an_error_the_next_call_tries", after_an_error_the_next_call_tries<Task>,
            after_an_error_the_next_call_tries<Script>);
  suite.add("a_call_that_waits_can_be_stopped", a_call_that_waits_can_be_stopped<Task>,
            a_call_that_waits_can_be_stopped<Script>, RunOrder::queue);
}

}  // namespace rota::testing_tasks
