// How one worker has another do something, and what the tasks of one worker may rely on.

#include "sched/grid.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace rota::testing_sched {
namespace {

using namespace std::chrono_literals;

constexpr int kCalls = address_sanitizer || thread_sanitizer ? 500 : 5'000;
constexpr int kUses = kCalls / 30 * 3;  // as many sent as received

class PerCoreWorkersTest : public GridTest {};
class AnyWorkersTest : public GridTest {};
class WorkersDeathTest : public testing::Test {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

INSTANTIATE_TEST_SUITE_P(, PerCoreWorkersTest, testing::ValuesIn(kPerCoreCells), name_of_cell);
INSTANTIATE_TEST_SUITE_P(PerCore, AnyWorkersTest, testing::ValuesIn(kPerCoreCells), name_of_cell);
INSTANTIATE_TEST_SUITE_P(Stealing, AnyWorkersTest, testing::ValuesIn(kStealingCells), name_of_cell);

Task<std::pair<WorkerIndex, std::thread::id>> tell_place() {
  Result<void> waited = co_await sleep(1us);
  EXPECT_TRUE(waited.has_value());
  co_return std::pair(this_worker(), std::this_thread::get_id());
}

Task<void> ask_everybody() {
  std::vector<std::thread::id> threads;
  for (WorkerIndex worker = 0; worker < worker_count(); ++worker) {
    auto [first, thread] = co_await submit_to(worker, tell_place);
    EXPECT_EQ(first, worker);
    auto [second, again] = co_await submit_to(worker, tell_place);
    EXPECT_EQ(second, worker);
    EXPECT_EQ(thread, again) << "a worker changed its thread";
    for (std::thread::id other : threads) EXPECT_NE(thread, other);
    threads.push_back(thread);
  }
}

TEST_P(PerCoreWorkersTest, a_function_runs_on_the_worker_that_is_named_and_stays_there) {
  runtime().block_on(ask_everybody());
}

/// From each worker to each.
Task<void> ask_from_everywhere() {
  for (WorkerIndex from = 0; from < worker_count(); ++from) {
    co_await submit_to(from, ask_everybody);
    EXPECT_EQ(this_worker(), 0u) << "the caller was moved";
  }
}
Task<void> ask_from_the_first() { co_await submit_to(0, ask_from_everywhere); }

TEST_P(PerCoreWorkersTest, any_worker_may_ask_any) { runtime().block_on(ask_from_the_first()); }

Task<void> take_results() {
  const int base = 20;
  int value = co_await submit_to(1, [&] { return base + 1; });
  EXPECT_EQ(value, 21);
  std::unique_ptr<int> owned = co_await submit_to(1, [&] { return std::make_unique<int>(base); });
  EXPECT_EQ(*owned, 20);
  bool ran = false;
  co_await submit_to(1, [&] { ran = true; });
  EXPECT_TRUE(ran) << "it came back before the function had run";
}

TEST_P(AnyWorkersTest, what_a_function_returns_goes_to_whoever_asked) {
  runtime().block_on(take_results());
}

TEST_P(AnyWorkersTest, a_fiber_asks_too) {
  const int sum = runtime().block_on(on_fiber([] {
    int asked = 0;
    for (WorkerIndex i = 0; i < kCalls; ++i) {
      asked += await(submit_to(i % 2, [] { return 1; }));
    }
    return asked;
  }));
  EXPECT_EQ(sum, kCalls);
}

Task<std::string> fail_after_a_wait() {
  co_await yield();
  throw std::runtime_error("over there");
}
Task<std::string> catch_from_elsewhere() {
  std::string caught;
  try {
    caught = co_await submit_to(1, fail_after_a_wait);
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  co_return caught;
}

TEST_P(AnyWorkersTest, an_exception_is_rethrown_where_the_result_is_awaited) {
  EXPECT_EQ(runtime().block_on(catch_from_elsewhere()), "over there");
}

Task<bool> wait_for_the_stop(Event& began) {
  began.set();
  Result<void> slept = co_await sleep(24h);
  co_return !slept && is_canceled(slept.error());
}
Task<bool> wait_elsewhere(Event& began) {
  bool stopped = co_await submit_to(1, [&] { return wait_for_the_stop(began); });
  co_return stopped;
}
Task<bool> stop_a_call() {
  Event began;
  JoinHandle<bool> caller = spawn_on(0, wait_elsewhere(began));
  Result<void> running = co_await began.wait();
  EXPECT_TRUE(running.has_value());
  caller.request_stop();
  Joined<bool> ended = co_await caller.join();
  co_return std::move(ended).value();
}

TEST_P(AnyWorkersTest, a_stop_of_the_caller_reaches_the_task_on_the_other_worker) {
  EXPECT_TRUE(runtime().block_on(stop_a_call()));
}

Task<WorkerIndex> tell_worker() { co_return this_worker(); }

TEST_P(PerCoreWorkersTest, a_plain_thread_spawns_on_the_worker_that_it_names) {
  for (WorkerIndex worker = 0; worker < runtime().worker_count(); ++worker) {
    JoinHandle<WorkerIndex> handle = runtime().spawn_on(worker, tell_worker());
    while (!handle.is_done()) std::this_thread::yield();
    EXPECT_EQ(handle.take(), worker);
  }
}

Task<void> visit_all() {
  std::vector<int> visits(worker_count());
  auto visit = [&](WorkerIndex worker) { visits[worker] += 1; };
  co_await submit_to_all(visit);
  for (int each : visits) EXPECT_EQ(each, 1);
}

TEST_P(AnyWorkersTest, a_function_for_all_runs_once_with_each_index) {
  runtime().block_on(visit_all());
}

Task<void> sleep_until_stopped() {
  Result<void> slept = co_await sleep(24h);
  EXPECT_FALSE(slept.has_value()) << "nobody stopped it";
}
Task<void> fail_on_one() {
  auto fail_on_last = [last = worker_count() - 1](WorkerIndex worker) {
    if (worker == last) throw std::runtime_error("the last");
    return sleep_until_stopped();
  };
  co_await submit_to_all(fail_on_last);
}

TEST_P(AnyWorkersTest, a_failure_on_one_worker_stops_the_others_and_is_rethrown) {
  EXPECT_THROW(runtime().block_on(fail_on_one()), std::runtime_error);
}

/// Plain data of each worker, on a line of its own.
struct alignas(128) Owned {
  long count = 0;
  bool busy = false;
};
Task<void> use_own(std::vector<Owned>& owned, Channel<int>& channel) {
  for (int i = 0; i < kUses; ++i) {
    Owned& mine = owned[this_worker()];
    EXPECT_FALSE(std::exchange(mine.busy, true));
    const long before = mine.count;
    mine.count = before + 1;
    mine.busy = false;
    if (i % 3 == 0) {
      co_await yield();
    } else if (i % 3 == 1) {
      Result<void> sent = co_await channel.send(i);
      EXPECT_TRUE(sent.has_value());
    } else {
      Result<int> received = co_await channel.receive();
      EXPECT_TRUE(received.has_value());
    }
  }
}
Task<void> use_by_many(std::vector<Owned>& owned) {
  constexpr std::size_t kTasksEach = 10;
  owned.resize(worker_count());
  Channel<int> channel(4);
  co_await with_scope([&](Scope& scope) -> Task<void> {
    for (std::size_t i = 0; i < kTasksEach * worker_count(); ++i) {
      scope.spawn_on(i % worker_count(), use_own(owned, channel));
    }
    co_return;
  });
}

// With the thread sanitizer this is the proof: nothing here is atomic.
TEST_P(PerCoreWorkersTest, tasks_of_one_worker_never_overlap) {
  std::vector<Owned> owned;
  runtime().block_on(use_by_many(owned));
  for (const Owned& each : owned) EXPECT_EQ(each.count, kUses * 10);
}

Task<void> ask_nobody() {
  co_await submit_to(2, [] {});
}

TEST_F(WorkersDeathTest, an_index_that_names_no_worker_ends_the_process) {
  EXPECT_DEATH(Runtime::make(kPerCoreCells[0].config())->block_on(ask_nobody()),
               "a worker that the runtime has not");
}
TEST_F(WorkersDeathTest, only_a_task_has_a_worker) {
  EXPECT_DEATH(static_cast<void>(this_worker()), "only a task has a worker");
}

}  // namespace
}  // namespace rota::testing_sched
