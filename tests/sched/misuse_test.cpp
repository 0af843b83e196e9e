// What a program may not do ends it with a message, in every build and under every driver.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace rota::testing_sched {
namespace {

class MisuseDeathTest : public testing::TestWithParam<DriverKind> {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }

  static Runtime make_runtime() {
    Config config;
    config.driver.kind = GetParam();
    return Runtime::make(config).value();
  }
};

Task<int> one() { co_return 1; }

Task<void> let_others_run() { co_await yield(); }

Task<void> block_inside(Runtime& runtime) {
  static_cast<void>(runtime.block_on(one()));
  co_return;
}

TEST_P(MisuseDeathTest, block_on_inside_a_task) {
  Runtime runtime = make_runtime();
  EXPECT_DEATH(runtime.block_on(block_inside(runtime)), "block_on was called inside a task");
}

Task<void> shut_down_inside(Runtime& runtime) {
  static_cast<void>(runtime.shutdown());
  co_return;
}

TEST_P(MisuseDeathTest, shutdown_inside_a_task) {
  Runtime runtime = make_runtime();
  EXPECT_DEATH(runtime.block_on(shut_down_inside(runtime)), "inside a task");
}

Task<void> drop_inside(std::unique_ptr<Runtime>& runtime) {
  runtime.reset();
  co_return;
}

TEST_P(MisuseDeathTest, dropping_a_runtime_inside_one_of_its_tasks) {
  auto runtime = std::make_unique<Runtime>(make_runtime());
  EXPECT_DEATH(runtime->block_on(drop_inside(runtime)), "inside a task");
}

TEST_P(MisuseDeathTest, block_on_and_shutdown_on_two_threads) {
  EXPECT_DEATH(
      {
        Runtime runtime = make_runtime();
        std::thread([&] { runtime.block_on(let_others_run()); }).join();
        static_cast<void>(runtime.shutdown());
      },
      "belongs to the first thread");
}

TEST_P(MisuseDeathTest, dropping_a_runtime_with_tasks_on_another_thread) {
  EXPECT_DEATH(
      {
        Runtime runtime = make_runtime();
        std::thread([&] { runtime.block_on(let_others_run()); }).join();
        static_cast<void>(runtime.spawn(let_others_run()));
      },
      "belongs to the first thread");
}

TEST_P(MisuseDeathTest, after_a_shutdown_any_thread_may_drop_the_runtime) {
  Runtime runtime = make_runtime();
  std::thread([&] {
    runtime.block_on(let_others_run());
    EXPECT_TRUE(runtime.shutdown().clean());
  }).join();
}

Task<TcpListener> make_listener() {
  auto bound = TcpListener::bind(Address::loopback(0));
  co_return std::move(bound).value();
}

TEST_P(MisuseDeathTest, a_socket_that_outlives_its_runtime) {
  EXPECT_DEATH(
      {
        std::optional<TcpListener> listener;
        Runtime runtime = make_runtime();
        listener.emplace(runtime.block_on(make_listener()));
      },
      "outlived its Runtime");
}

TEST_P(MisuseDeathTest, reading_the_clock_outside_any_task) {
  EXPECT_DEATH(static_cast<void>(now()), "only in a task");
}

TEST_P(MisuseDeathTest, opening_a_socket_outside_any_task) {
  EXPECT_DEATH(static_cast<void>(TcpListener::bind(Address::loopback(0))), "only in a task");
}

Task<void> accept_one(TcpListener& listener) { static_cast<void>(co_await listener.accept()); }

Task<void> accept_twice() {
  auto listener = TcpListener::bind(Address::loopback(0)).value();
  auto first = spawn(accept_one(listener));
  auto second = spawn(accept_one(listener));
  auto joined = co_await first.join();
  static_cast<void>(joined);
}

TEST_P(MisuseDeathTest, two_tasks_that_accept_from_one_listener) {
  Runtime runtime = make_runtime();
  EXPECT_DEATH(runtime.block_on(accept_twice()), "one task accepts at a time");
}

Task<void> await_twice() {
  Task<int> task = one();
  auto first = co_await std::move(task);
  auto second = co_await std::move(task);
  EXPECT_EQ(first, second);
}

TEST_P(MisuseDeathTest, awaiting_a_task_twice) {
  Runtime runtime = make_runtime();
  EXPECT_DEATH(runtime.block_on(await_twice()), "awaited or spawned twice");
}

TEST_P(MisuseDeathTest, spawning_a_task_twice) {
  Runtime runtime = make_runtime();
  Task<int> task = one();
  const JoinHandle<int> first = runtime.spawn(std::move(task));
  EXPECT_DEATH(static_cast<void>(runtime.spawn(std::move(task))), "awaited or spawned twice");
}

Fork<int> forked_one() { co_return 1; }

Task<void> await_a_fork_twice() {
  Fork<int> function = forked_one();
  auto first = co_await std::move(function);
  auto second = co_await std::move(function);
  EXPECT_EQ(first, second);
}

Fork<void> call_twice() {
  Fork<int> function = forked_one();
  int first = co_await std::move(function);
  int second = co_await std::move(function);
  EXPECT_EQ(first, second);
}

Fork<void> fork_twice() {
  Fork<int> function = forked_one();
  int results[2] = {};
  auto same = [&function]() -> Fork<int> { return std::move(function); };
  co_await fork(results[0], same);
  co_await fork(results[1], same);
  co_await join();
}

TEST_P(MisuseDeathTest, awaiting_calling_or_forking_a_function_twice) {
  Runtime runtime = make_runtime();
  EXPECT_DEATH(runtime.block_on(await_a_fork_twice()), "awaited or forked twice");
  EXPECT_DEATH(runtime.block_on(run_forks(call_twice())), "awaited or forked twice");
  EXPECT_DEATH(runtime.block_on(run_forks(fork_twice())), "awaited or forked twice");
}

Task<void> join_it(JoinHandle<void>& handle) { static_cast<void>(co_await handle.join()); }

Task<void> wait_for(Event& event) { static_cast<void>(co_await event.wait()); }

Task<void> join_twice() {
  Event never;
  JoinHandle<void> child = spawn(wait_for(never));
  auto first = spawn(join_it(child));
  auto second = spawn(join_it(child));
  auto joined = co_await second.join();
  static_cast<void>(joined);
}

TEST_P(MisuseDeathTest, two_tasks_that_join_one_handle) {
  Runtime runtime = make_runtime();
  EXPECT_DEATH(runtime.block_on(join_twice()), "one task joins a handle at a time");
}

Task<void> drop_what_is_joined() {
  Event never;
  std::optional<JoinHandle<void>> child = spawn(wait_for(never));
  auto joiner = spawn(join_it(*child));
  co_await yield();
  child.reset();
}

TEST_P(MisuseDeathTest, dropping_a_handle_that_is_being_joined) {
  Runtime runtime = make_runtime();
  EXPECT_DEATH(runtime.block_on(drop_what_is_joined()), "dropped while a task joins it");
}

Task<void> drop_an_event() {
  auto event = std::make_unique<Event>();
  auto waiting = spawn(wait_for(*event));
  co_await yield();
  event.reset();
}

TEST_P(MisuseDeathTest, an_event_that_dies_before_its_waiters) {
  Runtime runtime = make_runtime();
  EXPECT_DEATH(runtime.block_on(drop_an_event()), "Event was destroyed while tasks wait");
}

INSTANTIATE_TEST_SUITE_P(Drivers, MisuseDeathTest,
                         testing::Values(DriverKind::epoll, DriverKind::io_uring),
                         [](const auto& cell) {
                           return cell.param == DriverKind::epoll ? "epoll" : "io_uring";
                         });

}  // namespace
}  // namespace rota::testing_sched
