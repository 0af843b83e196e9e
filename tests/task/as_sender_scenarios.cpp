#include "task/senders.hpp"
#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

namespace rota::testing_tasks {
namespace {

enum class End : unsigned char { none, value, thrown, error, stopped };

/// What a receiver was ended with, and where.
struct Seen {
  void come(End how) noexcept {
    end = how;
    ++times;
    thread = std::this_thread::get_id();
    ended.set();
  }

  End end = End::none;
  int times = 0;
  int value = 0;
  std::string what;
  std::thread::id thread;
  SenderStopSource stop;
  Event ended;
};

struct Environment {
  SenderStopToken query(SenderNames::GetStopToken) const noexcept { return token; }
  SenderStopToken token;
};

struct Keeper {
  using receiver_concept = SenderNames::Receiver;

  template <class... T>
  void set_value(T... values) && noexcept {
    seen->value = (0 + ... + values);
    seen->come(End::value);
  }
  void set_error(std::exception_ptr thrown) && noexcept {
    try {
      std::rethrow_exception(std::move(thrown));
    } catch (const std::exception& error) {
      seen->what = error.what();
    }
    seen->come(End::thrown);
  }
  void set_error(std::error_code error) && noexcept {
    seen->value = error.value();
    seen->come(End::error);
  }
  void set_stopped() && noexcept { seen->come(End::stopped); }
  Environment get_env() const noexcept { return {SenderStopToken(seen->stop)}; }

  Seen* seen;
};

/// Has no environment, so nothing can stop what it is connected to.
struct BareKeeper {
  using receiver_concept = SenderNames::Receiver;

  void set_value(int value) && noexcept {
    seen->value = value;
    seen->come(End::value);
  }
  void set_error(std::exception_ptr) && noexcept { seen->come(End::thrown); }
  void set_stopped() && noexcept { seen->come(End::stopped); }

  Seen* seen;
};

/// An operation in a place of its own.
template <class S, class R>
struct ConnectedSender {
  ConnectedSender(S sender, R receiver)
      : operation(SenderNames::connect(std::move(sender), std::move(receiver))) {}
  decltype(SenderNames::connect(std::declval<S>(), std::declval<R>())) operation;
};

Task<int> number_after_a_yield(int value) {
  co_await yield();
  co_return value + 1;
}
Task<void> nothing() { co_return; }
Task<int> throw_after_a_yield() {
  co_await yield();
  throw std::runtime_error("a task");
}
Task<Result<int>> answer_with(Result<int> what) { co_return what; }
Task<Result<void>> sleep_as_sender() {
  Result<void> slept = co_await sleep(kForEver);
  co_return slept;
}
Task<int> count_when_woken() {
  Result<void> slept = co_await sleep(kForEver);
  co_return slept ? 0 : 9;
}
Task<void> throw_when_woken() {
  Result<void> slept = co_await sleep(kForEver);
  slept.value();
}

/// Runs a task as a sender to its end.
template <template <class> class Routine, class T>
Routine<End> end_of(Runtime& runtime, Task<T> task, Seen& seen) {
  ConnectedSender connected(as_sender(runtime, std::move(task)), Keeper{&seen});
  connected.operation.start();
  Result<void> ended = co_await seen.ended.wait();
  EXPECT_TRUE(ended.has_value());
  EXPECT_EQ(seen.times, 1);
  co_return seen.end;
}

template <template <class> class Routine, class T>
JoinHandle<End> begin_sender(Runtime& runtime, Task<T> task, Seen& seen) {
  return spawn_routine(end_of<Routine>(runtime, std::move(task), seen));
}

template <template <class> class Routine>
Routine<void> a_task_as_a_sender_sends_its_value(World world) {
  Seen number;
  JoinHandle<End> first = begin_sender<Routine>(world.runtime, number_after_a_yield(1), number);
  Joined<End> of_number = co_await first.join();
  EXPECT_EQ(std::move(of_number).value(), End::value);
  EXPECT_EQ(number.value, 2);
  Seen none;
  JoinHandle<End> second = begin_sender<Routine>(world.runtime, nothing(), none);
  Joined<End> of_none = co_await second.join();
  EXPECT_EQ(std::move(of_none).value(), End::value);
  Seen result;
  JoinHandle<End> third = begin_sender<Routine>(world.runtime, answer_with(4), result);
  Joined<End> of_result = co_await third.join();
  EXPECT_EQ(std::move(of_result).value(), End::value);
  EXPECT_EQ(result.value, 4);
}

template <template <class> class Routine>
Routine<void> a_task_as_a_sender_sends_its_error(World world) {
  Seen thrown;
  JoinHandle<End> first = begin_sender<Routine>(world.runtime, throw_after_a_yield(), thrown);
  Joined<End> of_thrown = co_await first.join();
  EXPECT_EQ(std::move(of_thrown).value(), End::thrown);
  EXPECT_EQ(thrown.what, "a task");
  Seen error;
  JoinHandle<End> second = begin_sender<Routine>(world.runtime, answer_with(failure(EPIPE)), error);
  Joined<End> of_error = co_await second.join();
  EXPECT_EQ(std::move(of_error).value(), End::error);
  EXPECT_EQ(error.value, EPIPE);
}

template <template <class> class Routine, class T>
Routine<End> stop_soon(Runtime& runtime, Task<T> task, Seen& seen) {
  ConnectedSender connected(as_sender(runtime, std::move(task)), Keeper{&seen});
  connected.operation.start();
  co_await yield();
  EXPECT_EQ(seen.times, 0);
  seen.stop.request_stop();
  Result<void> ended = co_await seen.ended.wait();
  EXPECT_TRUE(ended.has_value());
  co_return seen.end;
}

template <template <class> class Routine>
Routine<void> the_token_of_the_receiver_stops_the_task(World world) {
  Seen slept;
  JoinHandle<End> first =
      spawn_routine(stop_soon<Routine>(world.runtime, sleep_as_sender(), slept));
  Joined<End> of_slept = co_await first.join();
  EXPECT_EQ(std::move(of_slept).value(), End::stopped);
  Seen thrown;
  JoinHandle<End> second =
      spawn_routine(stop_soon<Routine>(world.runtime, throw_when_woken(), thrown));
  Joined<End> of_thrown = co_await second.join();
  EXPECT_EQ(std::move(of_thrown).value(), End::stopped);
  // What has a value all the same sends it: success wins.
  Seen counted;
  JoinHandle<End> third =
      spawn_routine(stop_soon<Routine>(world.runtime, count_when_woken(), counted));
  Joined<End> of_counted = co_await third.join();
  EXPECT_EQ(std::move(of_counted).value(), End::value);
  EXPECT_EQ(counted.value, 9);
}

template <template <class> class Routine>
Routine<void> a_token_that_was_stopped_before_stops_the_task_at_once(World world) {
  Seen seen;
  seen.stop.request_stop();
  JoinHandle<End> task = begin_sender<Routine>(world.runtime, sleep_as_sender(), seen);
  Joined<End> end = co_await task.join();
  EXPECT_EQ(std::move(end).value(), End::stopped);
}

template <template <class> class Routine>
Routine<void> a_task_as_a_sender_is_started_by_a_plain_thread(World world) {
  Seen seen;
  ConnectedSender connected(as_sender(world.runtime, number_after_a_yield(2)), BareKeeper{&seen});
  std::thread starter([&connected] { connected.operation.start(); });
  const std::thread::id elsewhere = starter.get_id();
  Result<void> ended = co_await seen.ended.wait();
  starter.join();
  EXPECT_TRUE(ended.has_value());
  EXPECT_EQ(seen.value, 3);
  EXPECT_NE(seen.thread, elsewhere);
}

template <template <class> class Routine>
Routine<void> what_is_never_started_never_runs(World world) {
  Seen seen;
  bool has_run = false;
  auto run = [&has_run]() -> Task<void> {
    has_run = true;
    co_return;
  };
  const ConnectedSender connected(as_sender(world.runtime, run()), Keeper{&seen});
  co_await yield();
  EXPECT_FALSE(has_run);
  EXPECT_EQ(seen.times, 0);
}

template <template <class> class Routine>
Routine<void> a_schedule_ends_on_a_worker(World world) {
  Seen seen;
  RuntimeScheduler scheduler = scheduler_of(world.runtime);
  ConnectedSender connected(scheduler.schedule(), Keeper{&seen});
  std::thread starter([&connected] { connected.operation.start(); });
  const std::thread::id elsewhere = starter.get_id();
  Result<void> ended = co_await seen.ended.wait();
  starter.join();
  EXPECT_TRUE(ended.has_value());
  EXPECT_EQ(seen.end, End::value);
  EXPECT_NE(seen.thread, elsewhere);
}

template <template <class> class Routine>
Routine<void> a_schedule_that_is_stopped_before_ends_as_stopped(World world) {
  Seen seen;
  seen.stop.request_stop();
  ConnectedSender connected(scheduler_of(world.runtime).schedule(), Keeper{&seen});
  connected.operation.start();
  Result<void> ended = co_await seen.ended.wait();
  EXPECT_TRUE(ended.has_value());
  EXPECT_EQ(seen.end, End::stopped);
}

template <template <class> class Routine>
Routine<int> await_as_sender(Runtime& runtime) {
  Result<void> slept = co_await from_sender(as_sender(runtime, sleep_as_sender()));
  co_return code_of(slept);
}

template <template <class> class Routine>
Routine<void> a_task_awaits_another_as_a_sender(World world) {
  Result<int> sent = co_await from_sender(as_sender(world.runtime, number_after_a_yield(4)));
  EXPECT_EQ(sent.value(), 5);
  Result<void> scheduled = co_await from_sender(scheduler_of(world.runtime).schedule());
  EXPECT_TRUE(scheduled.has_value());
  JoinHandle<int> task = spawn_routine(await_as_sender<Routine>(world.runtime));
  co_await yield();
  task.request_stop();
  Joined<int> joined = co_await task.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
}

}  // namespace

void add_as_sender_scenarios(Suite& suite) {
  suite.add("a_task_as_a_sender_sends_its_value", a_task_as_a_sender_sends_its_value<Task>,
            a_task_as_a_sender_sends_its_value<Script>);
  suite.add("a_task_as_a_sender_sends_its_error", a_task_as_a_sender_sends_its_error<Task>,
            a_task_as_a_sender_sends_its_error<Script>);
  suite.add("the_token_of_the_receiver_stops_the_task",
            the_token_of_the_receiver_stops_the_task<Task>,
            the_token_of_the_receiver_stops_the_task<Script>);
  suite.add("a_token_that_was_stopped_before_stops_the_task_at_once",
            a_token_that_was_stopped_before_stops_the_task_at_once<Task>,
            a_token_that_was_stopped_before_stops_the_task_at_once<Script>);
  suite.add("a_task_as_a_sender_is_started_by_a_plain_thread",
            a_task_as_a_sender_is_started_by_a_plain_thread<Task>,
            a_task_as_a_sender_is_started_by_a_plain_thread<Script>);
  suite.add("what_is_never_started_never_runs", what_is_never_started_never_runs<Task>,
            what_is_never_started_never_runs<Script>);
  suite.add("a_schedule_ends_on_a_worker", a_schedule_ends_on_a_worker<Task>,
            a_schedule_ends_on_a_worker<Script>);
  suite.add("a_schedule_that_is_stopped_before_ends_as_stopped",
            a_schedule_that_is_stopped_before_ends_as_stopped<Task>,
            a_schedule_that_is_stopped_before_ends_as_stopped<Script>);
  suite.add("a_task_awaits_another_as_a_sender", a_task_awaits_another_as_a_sender<Task>,
            a_task_awaits_another_as_a_sender<Script>);
}

}  // namespace rota::testing_tasks
