#include "task/senders.hpp"
#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<void> a_sender_that_ends_in_its_start_yields_its_value(World) {
  Result<int> one = co_await from_sender(just(7));
  EXPECT_EQ(one.value(), 7);
  Result<void> none = co_await from_sender(just());
  EXPECT_TRUE(none.has_value());
  Result<std::unique_ptr<int>> moved = co_await from_sender(just(std::make_unique<int>(8)));
  EXPECT_EQ(*moved.value(), 8);
  Result<std::tuple<int, std::string>> two = co_await from_sender(just(1, std::string("two")));
  EXPECT_EQ(two.value(), std::tuple(1, std::string("two")));
}

template <template <class> class Routine>
Routine<void> a_sender_that_ends_elsewhere_brings_the_task_home(World world) {
  const std::thread::id before = std::this_thread::get_id();
  auto doubled = [](int value) { return 2 * value; };
  Result<int> sent = co_await from_sender(then(FromThread<>{21}, doubled));
  EXPECT_EQ(sent.value(), 42);
  if (world.config.scheduler.kind == SchedulerKind::single) {
    EXPECT_EQ(std::this_thread::get_id(), before);
  }
  // It is a task as before: it may wait.
  Result<void> slept = co_await sleep(Duration(1));
  EXPECT_TRUE(slept.has_value());
}

template <template <class> class Routine, class Error>
Routine<std::string> thrown_by(Error error) {
  try {
    Result<int> sent = co_await from_sender(just_error(std::move(error)));
    co_return sent ? "a value" : sent.error().message();
  } catch (const std::runtime_error& thrown) {
    co_return thrown.what();
  } catch (int number) {
    co_return std::to_string(number);
  }
}

template <template <class> class Routine>
Routine<void> the_error_of_a_sender_reaches_the_task(World) {
  JoinHandle<std::string> pointer = spawn_routine(
      thrown_by<Routine>(std::make_exception_ptr(std::runtime_error("a thrown sender"))));
  Joined<std::string> first = co_await pointer.join();
  EXPECT_EQ(std::move(first).value(), "a thrown sender");
  JoinHandle<std::string> code = spawn_routine(thrown_by<Routine>(os_error(EPIPE)));
  Joined<std::string> second = co_await code.join();
  EXPECT_EQ(std::move(second).value(), os_error(EPIPE).message());
  JoinHandle<std::string> other = spawn_routine(thrown_by<Routine>(404));
  Joined<std::string> third = co_await other.join();
  EXPECT_EQ(std::move(third).value(), "404");
}

template <template <class> class Routine>
Routine<void> a_result_that_is_sent_is_no_result_of_a_result(World) {
  Result<int> value = co_await from_sender(just(Result<int>(3)));
  EXPECT_EQ(value.value(), 3);
  Result<int> error = co_await from_sender(just(Result<int>(failure(EPIPE))));
  EXPECT_EQ(code_of(error), EPIPE);
}

template <template <class> class Routine>
Routine<void> a_sender_that_is_stopped_by_itself_yields_canceled(World) {
  Result<void> stopped = co_await from_sender(JustStopped<>());
  EXPECT_EQ(code_of(stopped), ECANCELED);
}

template <template <class> class Routine>
Routine<void> what_an_adaptor_throws_reaches_the_task(World) {
  bool caught = false;
  auto refuse = [](int) -> int { throw std::runtime_error("not made"); };
  try {
    Result<int> sent = co_await from_sender(then(just(1), refuse));
    static_cast<void>(sent);
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
}

template <template <class> class Routine>
Routine<int> await_until_stopped(std::atomic<bool>& begun) {
  Result<void> ended = co_await from_sender(UntilStopped<>{begun});
  co_return code_of(ended);
}

template <template <class> class Routine>
Routine<void> a_stop_reaches_the_sender_by_its_token(World) {
  std::atomic<bool> begun = false;
  JoinHandle<int> task = spawn_routine(await_until_stopped<Routine>(begun));
  while (!begun) co_await yield();
  task.request_stop();
  Joined<int> joined = co_await task.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
}

template <template <class> class Routine>
Routine<void> a_timeout_ends_a_sender(World) {
  std::atomic<bool> begun = false;
  Task<int> waiting = as_task(await_until_stopped<Routine>(begun));
  Result<int> ended = co_await timeout(Duration(1), std::move(waiting));
  EXPECT_EQ(code_of(ended), ETIMEDOUT);
}

template <template <class> class Routine>
Routine<int> wait_for_hand(std::atomic<ByHand<>::Hold*>& hold) {
  Result<int> ended = co_await from_sender(ByHand<>{hold});
  co_return ended.value_or(-1);
}

template <template <class> class Routine>
Routine<void> a_stopped_wait_lasts_until_the_sender_has_ended(World) {
  std::atomic<ByHand<>::Hold*> hold = nullptr;
  JoinHandle<int> task = spawn_routine(wait_for_hand<Routine>(hold));
  while (hold == nullptr) co_await yield();
  task.request_stop();
  for (int i = 0; i < 10; ++i) co_await yield();
  EXPECT_FALSE(task.is_done());
  hold.load()->end(*hold);
  Joined<int> joined = co_await task.join();
  EXPECT_EQ(std::move(joined).value(), 5);  // success wins
}

template <template <class> class Routine>
Routine<int> begin_when(Event& go, std::atomic<bool>& begun) {
  Result<void> set = co_await go.wait();
  static_cast<void>(set);
  Result<void> ended = co_await from_sender(UntilStopped<>{begun});
  co_return code_of(ended);
}

template <template <class> class Routine>
Routine<void> a_task_that_must_stop_begins_no_sender(World) {
  Event go;
  std::atomic<bool> begun = false;
  JoinHandle<int> task = spawn_routine(begin_when<Routine>(go, begun));
  task.request_stop();
  Joined<int> joined = co_await task.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
  EXPECT_FALSE(begun);
}

template <template <class> class Routine>
Routine<int> wait_for_thread() {
  Result<int> sent = co_await from_sender(FromThread<>{6});
  co_return sent.value_or(-code_of(sent));
}

template <template <class> class Routine>
Routine<void> a_stop_and_an_end_may_meet(World) {
  for (std::size_t i = 0; i < rounds(100); ++i) {
    JoinHandle<int> task = spawn_routine(wait_for_thread<Routine>());
    if (i % 2 == 0) co_await yield();
    task.request_stop();
    Joined<int> joined = co_await task.join();
    const int value = std::move(joined).value();
    EXPECT_TRUE(value == 6 || value == -ECANCELED) << value;
  }
}

}  // namespace

void add_from_sender_scenarios(Suite& suite) {
  suite.add("a_sender_that_ends_in_its_start_yields_its_value",
            a_sender_that_ends_in_its_start_yields_its_value<Task>,
            a_sender_that_ends_in_its_start_yields_its_value<Script>);
  suite.add("a_sender_that_ends_elsewhere_brings_the_task_home",
            a_sender_that_ends_elsewhere_brings_the_task_home<Task>,
            a_sender_that_ends_elsewhere_brings_the_task_home<Script>);
  suite.add("the_error_of_a_sender_reaches_the_task", the_error_of_a_sender_reaches_the_task<Task>,
            the_error_of_a_sender_reaches_the_task<Script>);
  suite.add("a_result_that_is_sent_is_no_result_of_a_result",
            a_result_that_is_sent_is_no_result_of_a_result<Task>,
            a_result_that_is_sent_is_no_result_of_a_result<Script>);
  suite.add("a_sender_that_is_stopped_by_itself_yields_canceled",
            a_sender_that_is_stopped_by_itself_yields_canceled<Task>,
            a_sender_that_is_stopped_by_itself_yields_canceled<Script>);
  suite.add("what_an_adaptor_throws_reaches_the_task",
            what_an_adaptor_throws_reaches_the_task<Task>,
            what_an_adaptor_throws_reaches_the_task<Script>);
  suite.add("a_stop_reaches_the_sender_by_its_token", a_stop_reaches_the_sender_by_its_token<Task>,
            a_stop_reaches_the_sender_by_its_token<Script>);
  suite.add("a_timeout_ends_a_sender", a_timeout_ends_a_sender<Task>,
            a_timeout_ends_a_sender<Script>);
  suite.add("a_stopped_wait_lasts_until_the_sender_has_ended",
            a_stopped_wait_lasts_until_the_sender_has_ended<Task>,
            a_stopped_wait_lasts_until_the_sender_has_ended<Script>);
  suite.add("a_task_that_must_stop_begins_no_sender", a_task_that_must_stop_begins_no_sender<Task>,
            a_task_that_must_stop_begins_no_sender<Script>);
  suite.add("a_stop_and_an_end_may_meet", a_stop_and_an_end_may_meet<Task>,
            a_stop_and_an_end_may_meet<Script>);
}

}  // namespace rota::testing_tasks
