// What a running runtime says of the lengths of its tasks.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <numeric>
#include <thread>

namespace rota {
namespace {

using namespace std::chrono_literals;

Runtime make_runtime(SchedulerKind kind) {
  Config config;
  config.driver.kind = DriverKind::epoll;
  config.scheduler.kind = kind;
  config.scheduler.workers = 2;
  return Runtime::make(config).value();
}

Task<void> spin(std::chrono::nanoseconds length) {
  const auto end = std::chrono::steady_clock::now() + length;
  while (std::chrono::steady_clock::now() < end) {
  }
  co_return;
}

Task<void> yield_often(int times) {
  for (int i = 0; i < times; ++i) co_await yield();
}

Task<void> many_that_yield(int tasks) {
  auto body = [tasks](Scope& scope) -> Task<void> {
    for (int i = 0; i < tasks; ++i) scope.spawn(yield_often(100));
    co_return;
  };
  co_await with_scope(body);
}

std::uint64_t runs_of(const std::vector<KindLengths>& kinds) {
  return std::accumulate(
      kinds.begin(), kinds.end(), std::uint64_t{0},
      [](std::uint64_t sum, const KindLengths& kind) { return sum + kind.runs; });
}

class TaskLengthsTest : public testing::TestWithParam<SchedulerKind> {};

TEST_P(TaskLengthsTest, every_run_is_in_one_kind_and_in_one_worker) {
  Runtime runtime = make_runtime(GetParam());
  runtime.block_on(many_that_yield(50));
  runtime.shutdown();
  const TaskLengths lengths = runtime.task_lengths();
  const std::uint64_t runs = runtime.counters().tasks_run;
  EXPECT_GE(runs, 5000u);
  EXPECT_EQ(runs_of(lengths.kinds), runs);
  EXPECT_EQ(lengths.workers.size(), runtime.worker_count());
  std::uint64_t of_workers = 0;
  for (const WorkerLengths& worker : lengths.workers) of_workers += worker.runs;
  EXPECT_EQ(of_workers, runs);
}

TEST_P(TaskLengthsTest, a_task_that_computes_for_long_is_the_longest_slice_and_named) {
  Runtime runtime = make_runtime(GetParam());
  runtime.block_on(many_that_yield(10));
  const auto here = std::source_location::current();
  JoinHandle<void> task = runtime.spawn(spin(20ms), SpawnOptions("spinner"));
  auto join = [](JoinHandle<void> handle) -> Task<void> {
    auto joined = co_await handle.join();
    EXPECT_TRUE(joined);
  };
  runtime.block_on(join(std::move(task)));
  runtime.shutdown();
  const TaskLengths lengths = runtime.task_lengths();
  ASSERT_FALSE(lengths.longest.empty());
  for (const LongSlice& slice : lengths.longest) {
    if (slice.name != "spinner") continue;
    EXPECT_GE(slice.length, Duration(20ms));
    EXPECT_EQ(slice.site.line(), here.line() + 1);
    EXPECT_STREQ(slice.site.file_name(), here.file_name());
    EXPECT_EQ(slice.among, 1u);
    return;
  }
  FAIL() << "it is not among the longest";
}

TEST_P(TaskLengthsTest, waits_in_the_queue_are_sampled) {
  Runtime runtime = make_runtime(GetParam());
  runtime.block_on(many_that_yield(100));
  runtime.shutdown();
  const TaskLengths lengths = runtime.task_lengths();
  std::uint64_t samples = 0;
  for (const WorkerLengths& worker : lengths.workers) {
    samples += worker.samples;
    EXPECT_LE(worker.queued.p50, worker.queued.p99);
    EXPECT_LE(worker.queued.p99, worker.queued.max);
  }
  EXPECT_GE(samples, 1u);
}

TEST_P(TaskLengthsTest, is_asked_by_another_thread_while_tasks_run) {
  Runtime runtime = make_runtime(GetParam());
  std::atomic<bool> over{false};
  std::thread asker([&] {
    std::uint64_t before = 0;
    while (!over.load()) {
      const std::uint64_t now = runs_of(runtime.task_lengths().kinds);
      EXPECT_GE(now, before);
      before = now;
    }
  });
  runtime.block_on(many_that_yield(200));
  over.store(true);
  asker.join();
}

std::string name_of(const testing::TestParamInfo<SchedulerKind>& info) {
  switch (info.param) {
    case SchedulerKind::single: return "single";
    case SchedulerKind::per_core: return "per_core";
    case SchedulerKind::stealing: return "stealing";
  }
  return "";
}

INSTANTIATE_TEST_SUITE_P(Schedulers, TaskLengthsTest,
                         testing::Values(SchedulerKind::single, SchedulerKind::per_core,
                                         SchedulerKind::stealing),
                         name_of);

// A batch ends when it has lasted for as long as timers and the driver may wait.
TEST(BatchTest, a_timer_does_not_wait_for_all_that_is_ready) {
  Runtime runtime = make_runtime(SchedulerKind::single);
  int saw_it_fired = 0;
  auto wait_a_little = []() -> Task<void> {
    auto slept = co_await sleep(1ms);
    EXPECT_TRUE(slept);
  };
  auto spin_and_look = [&]() -> Task<void> {
    auto spinning = spin(1ms);
    co_await std::move(spinning);
    saw_it_fired += runtime.counters().timers_fired != 0 ? 1 : 0;
  };
  auto body = [&](Scope& scope) -> Task<void> {
    scope.spawn(wait_a_little());
    for (int i = 0; i < 40; ++i) scope.spawn(spin_and_look());
    co_return;
  };
  runtime.block_on(with_scope(body));
  EXPECT_GT(saw_it_fired, 0) << "all that was ready ran before the worker looked at the time";
}

}  // namespace
}  // namespace rota
