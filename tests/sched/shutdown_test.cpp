// A shutdown leaves nothing behind, whatever was posted and whenever, and refuses what comes later.

#include "task/ledger.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <coroutine>

#include <fcntl.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <expected>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_sched {
namespace {

using testing_tasks::Ledger;

/// Of a shutdown that is meant to end before its tasks do.
constexpr Duration kLimit = Duration{3'000'000};
constexpr Duration kLongerThanAnyTest = Duration{3'600'000'000'000};

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

class ShutdownTest : public testing::TestWithParam<DriverKind> {
 protected:
  void SetUp() override {
    before_ = Ledger::now();
    Config config;
    config.driver.kind = GetParam();
    auto made = Runtime::make(config);
    ASSERT_TRUE(made.has_value()) << made.error().message();
    runtime_.emplace(std::move(*made));
  }
  void TearDown() override {
    runtime_.reset();
    EXPECT_EQ(Ledger::now(), before_);
  }

  Runtime& runtime() { return *runtime_; }
  void destroy_runtime() { runtime_.reset(); }

 private:
  Ledger before_;
  std::optional<Runtime> runtime_;
};

Task<TcpListener> make_listener() {
  auto bound = TcpListener::bind(Address::loopback(0));
  co_return std::move(bound).value();
}

Task<void> let_others_run() { co_await yield(); }

Task<void> sleep_until_stopped() {
  auto slept = co_await sleep(kLongerThanAnyTest);
  EXPECT_FALSE(slept.has_value());
}

Task<int> three() { co_return 3; }

TEST_P(ShutdownTest, closes_what_the_calling_thread_dropped) {
  std::optional<TcpListener> listener = runtime().block_on(make_listener());
  const int fd = listener->fd();
  EXPECT_TRUE(is_open(fd));
  listener.reset();
  EXPECT_TRUE(runtime().shutdown().clean());
  EXPECT_FALSE(is_open(fd));
}

TEST_P(ShutdownTest, the_destructor_closes_what_was_dropped_after_a_shutdown) {
  std::optional<TcpListener> listener = runtime().block_on(make_listener());
  const int fd = listener->fd();
  const ShutdownReport report = runtime().shutdown();
  EXPECT_EQ(report.descriptors, 1u) << "its owner is alive, so a shutdown does not wait for it";
  EXPECT_TRUE(is_open(fd));
  listener.reset();
  destroy_runtime();
  EXPECT_FALSE(is_open(fd));
}

TEST_P(ShutdownTest, a_stop_sent_to_a_task_that_has_ended_leaves_nothing) {
  JoinHandle<int> ended = runtime().spawn(three());
  runtime().block_on(let_others_run());
  ASSERT_TRUE(ended.is_done());
  ended.request_stop();
}

TEST_P(ShutdownTest, a_handle_may_outlive_its_runtime) {
  JoinHandle<int> ended = runtime().spawn(three());
  EXPECT_TRUE(runtime().shutdown().clean());
  destroy_runtime();
  EXPECT_TRUE(ended.is_done());
  ended.request_stop();
  EXPECT_EQ(ended.take(), 3);
}

/// Ends after the limit of the shutdown that stopped it.
Task<void> end_late() {
  const auto began = std::chrono::steady_clock::now();
  auto slept = co_await sleep(kLongerThanAnyTest);
  EXPECT_FALSE(slept.has_value());
  while (std::chrono::steady_clock::now() - began < 2 * std::chrono::nanoseconds(kLimit.ns)) {
  }
}

// 64 tasks are one batch: the last of them ends in the pass in which the limit passes.
TEST_P(ShutdownTest, a_limit_that_passes_as_the_last_task_ends_leaves_nothing) {
  for (int i = 0; i < 63; ++i) static_cast<void>(runtime().spawn(sleep_until_stopped()));
  static_cast<void>(runtime().spawn(end_late()));
  runtime().block_on(let_others_run());
  static_cast<void>(runtime().shutdown(kLimit));
  EXPECT_TRUE(runtime().shutdown().clean());
}

Task<void> nap() { static_cast<void>(co_await sleep(Duration{100'000})); }

Task<void> outlast(const bool& released) {
  while (!released) co_await shielded(nap());
}

TEST_P(ShutdownTest, can_be_repeated_after_its_limit_has_passed) {
  bool released = false;
  static_cast<void>(runtime().spawn(outlast(released)));
  EXPECT_EQ(runtime().shutdown(kLimit).tasks, 1u);
  EXPECT_EQ(runtime().shutdown(Duration{}).tasks, 1u);
  released = true;
  EXPECT_TRUE(runtime().shutdown().clean());
}

Task<void> note_run(bool& ran) {
  ran = true;
  co_return;
}

void expect_refused(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_expected_access<std::error_code>& refused) {
    EXPECT_TRUE(is_canceled(refused.error()));
  }
}

TEST_P(ShutdownTest, a_task_spawned_afterwards_is_refused) {
  EXPECT_TRUE(runtime().shutdown().clean());
  bool ran = false;
  JoinHandle<void> refused = runtime().spawn(note_run(ran));
  ASSERT_TRUE(refused.is_done());
  ASSERT_TRUE(refused.task().failed());
  expect_refused(refused.task().error);
  JoinHandle<void> fiber = runtime().spawn_fiber([&ran] { ran = true; });
  EXPECT_TRUE(fiber.is_done());
  EXPECT_TRUE(runtime().shutdown().clean());
  EXPECT_FALSE(ran);
}

/// A coroutine of another library.
struct Outside {
  struct promise_type {
    Outside get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

Outside ask_too_late(Runtime& runtime, bool& ran, std::exception_ptr& error) {
  try {
    co_await from_outside(runtime, note_run(ran));
  } catch (...) {
    error = std::current_exception();
  }
}

TEST_P(ShutdownTest, a_task_awaited_from_outside_afterwards_is_refused) {
  EXPECT_TRUE(runtime().shutdown().clean());
  bool ran = false;
  std::exception_ptr error;
  ask_too_late(runtime(), ran, error);
  ASSERT_NE(error, nullptr);
  expect_refused(error);
  EXPECT_FALSE(ran);
}

TEST_P(ShutdownTest, block_on_afterwards_throws) {
  EXPECT_TRUE(runtime().shutdown().clean());
  bool ran = false;
  EXPECT_THROW(runtime().block_on(note_run(ran)), std::bad_expected_access<std::error_code>);
  EXPECT_FALSE(ran);
}

Task<void> tidy_up(bool& tidied) {
  co_await yield();
  tidied = true;
}

Task<void> spawn_when_stopped(bool& ran, bool& tidied) {
  auto slept = co_await sleep(kLongerThanAnyTest);
  EXPECT_FALSE(slept.has_value());
  JoinHandle<void> late = spawn(note_run(ran));
  EXPECT_TRUE(late.is_done() && late.task().failed());
  auto body = [&tidied](Scope& scope) -> Task<void> {
    static_cast<void>(scope.spawn(tidy_up(tidied)));
    co_return;
  };
  co_await with_scope(body);
}

// A scope of its own is how a task that drains may still do several things at once.
TEST_P(ShutdownTest, a_draining_task_spawns_in_its_scopes_and_nowhere_else) {
  bool ran = false;
  bool tidied = false;
  static_cast<void>(runtime().spawn(spawn_when_stopped(ran, tidied)));
  runtime().block_on(let_others_run());
  EXPECT_TRUE(runtime().shutdown().clean());
  EXPECT_FALSE(ran);
  EXPECT_TRUE(tidied);
}

// Spawns, stops and drops from another thread fall into every moment of the shutdown.
TEST_P(ShutdownTest, leaves_nothing_while_another_thread_goes_on_posting) {
  std::atomic<bool> over = false;
  std::vector<TcpListener> listeners;
  for (int i = 0; i < 8; ++i) listeners.push_back(runtime().block_on(make_listener()));
  std::atomic<bool> begun = false;
  std::thread poster([&] {
    while (!over) {
      JoinHandle<void> handle = runtime().spawn(sleep_until_stopped());
      if (!listeners.empty()) listeners.pop_back();
      handle.request_stop();
      begun = true;
    }
  });
  while (!begun) std::this_thread::yield();
  EXPECT_EQ(runtime().shutdown().tasks, 0u);
  over = true;
  poster.join();
  listeners.clear();
  EXPECT_TRUE(runtime().shutdown().clean());
}

Task<void> end_when_set(Event& end) {
  Result<void> set = co_await end.wait();
  EXPECT_TRUE(set.has_value());
}
Task<void> hold_out(Event& end) { co_await shielded(end_when_set(end)); }

TEST(ShutdownOfThreads, one_that_gives_up_leaves_the_other_one_waiting_for_the_end) {
  Config config;
  config.scheduler.kind = SchedulerKind::per_core;
  config.scheduler.workers = 2;
  Runtime runtime = Runtime::make(config).value();
  Event end;
  JoinHandle<void> holder = runtime.spawn(hold_out(end));
  std::atomic<bool> begins = false;
  std::thread patient([&] {
    begins = true;
    EXPECT_TRUE(runtime.shutdown().clean());
  });
  while (!begins) std::this_thread::yield();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(runtime.shutdown(Duration{1'000'000}).tasks, 1u);
  end.set();
  patient.join();
  EXPECT_TRUE(holder.is_done());
}

INSTANTIATE_TEST_SUITE_P(Drivers, ShutdownTest,
                         testing::Values(DriverKind::epoll, DriverKind::poll, DriverKind::select,
                                         DriverKind::linux_aio, DriverKind::io_uring,
                                         DriverKind::sim),
                         [](const auto& cell) {
                           switch (cell.param) {
                             case DriverKind::epoll: return "epoll";
                             case DriverKind::poll: return "poll";
                             case DriverKind::select: return "select";
                             case DriverKind::linux_aio: return "linux_aio";
                             case DriverKind::io_uring: return "io_uring";
                             default: return "sim";
                           }
                         });

}  // namespace
}  // namespace rota::testing_sched
