// The threads for what blocks: how many there are, who waits for one, and when they end.

#include <rota/rota.hpp>

#include "base/cpu_affinity.hpp"
#include "task/temporary_path.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

namespace rota::testing_sched {
namespace {

Config with_threads(std::uint32_t threads) {
  Config config;
  config.blocking.threads = threads;
  return config;
}

Task<void> pass(std::binary_semaphore& gate, std::atomic<bool>& begun) {
  auto wait = [&gate, &begun] {
    begun = true;
    gate.acquire();
  };
  Result<void> done = co_await blocking(wait);
  EXPECT_TRUE(done.has_value());
}

Task<int> count_call(int& calls) {
  auto call = [&calls] { ++calls; };
  Result<void> done = co_await blocking(call);
  co_return done ? 0 : done.error().value();
}

Task<void> queue_behind_one(Runtime& runtime) {
  std::binary_semaphore gate(0);
  int calls = 0;
  std::atomic<bool> begun = false;
  auto busy = spawn(pass(gate, begun));
  while (!begun) co_await yield();
  auto stopped = spawn(count_call(calls));
  auto served = spawn(count_call(calls));
  while (runtime.counters().blocking_waiting < 2) co_await yield();
  EXPECT_EQ(runtime.counters().blocking_threads, 1u);
  EXPECT_GE(runtime.counters().blocking_oldest_wait, Duration{});

  stopped.request_stop();
  auto refused = co_await stopped.join();
  EXPECT_EQ(std::move(refused).value(), ECANCELED);
  EXPECT_EQ(runtime.counters().blocking_waiting, 1u);

  gate.release();
  auto ended = co_await busy.join();
  EXPECT_TRUE(ended.has_value());
  auto called = co_await served.join();
  EXPECT_EQ(std::move(called).value(), 0);
  EXPECT_EQ(calls, 1);
}

TEST(BlockingThreadsTest, who_finds_no_thread_waits_in_line_and_may_be_withdrawn) {
  Runtime runtime = Runtime::make(with_threads(1)).value();
  runtime.block_on(queue_behind_one(runtime));
}

Task<void> use_and_wait_for_their_end(Runtime& runtime) {
  int calls = 0;
  EXPECT_EQ(runtime.counters().blocking_threads, 0u);
  for (int i = 0; i < 3; ++i) {
    auto call = spawn(count_call(calls));
    auto called = co_await call.join();
    EXPECT_EQ(std::move(called).value(), 0);
    while (runtime.counters().blocking_threads != 0) co_await yield();
  }
  EXPECT_EQ(calls, 3);
}

TEST(BlockingThreadsTest, idle_ones_end_and_others_begin) {
  Config config = with_threads(2);
  config.blocking.idle_ms = 1;
  Runtime runtime = Runtime::make(config).value();
  runtime.block_on(use_and_wait_for_their_end(runtime));
}

Task<std::vector<int>> cpus_for_what_blocks() {
  Result<std::vector<int>> cpus = co_await blocking(allowed_cpus);
  co_return std::move(cpus).value();
}

TEST(BlockingThreadsTest, a_pinned_worker_pins_none_of_them) {
  Config config;
  config.scheduler.kind = SchedulerKind::per_core;
  config.scheduler.pinning = Pinning::always;
  Runtime runtime = Runtime::make(config).value();
  EXPECT_EQ(runtime.block_on(cpus_for_what_blocks()), allowed_cpus());
}

/// All that a driver's file engine does: open, write, read, close.
Task<void> use_a_file(const std::string& path) {
  constexpr OpenMode mode = OpenMode::read | OpenMode::write | OpenMode::create;
  Result<File> file = co_await File::open(path, mode);
  EXPECT_TRUE(file.has_value()) << file.error().message();
  if (!file) co_return;
  std::array<std::byte, 8> bytes{};
  Result<void> written = co_await file->write_at(0, bytes);
  EXPECT_TRUE(written.has_value());
  Result<void> synced = co_await file->sync();
  EXPECT_TRUE(synced.has_value());
  Result<std::size_t> read = co_await file->read_at(0, bytes);
  EXPECT_EQ(read.value(), bytes.size());
  Result<void> closed = co_await file->close();
  EXPECT_TRUE(closed.has_value());
}

Task<void> use_a_file_beside_what_blocks(Runtime& runtime) {
  const testing_tasks::TemporaryPath place;
  const std::string path = place.path();
  std::binary_semaphore gate(0);
  int calls = 0;
  std::atomic<bool> begun = false;
  auto busy = spawn(pass(gate, begun));
  while (!begun) co_await yield();
  auto queued = spawn(count_call(calls));
  while (runtime.counters().blocking_waiting < 1) co_await yield();
  co_await use_a_file(path);
  EXPECT_EQ(runtime.counters().blocking_waiting, 1u) << "nobody has freed the thread meanwhile";
  EXPECT_EQ(calls, 0);
  gate.release();
  auto freed = co_await busy.join();
  EXPECT_TRUE(freed.has_value());
  auto served = co_await queued.join();
  EXPECT_EQ(std::move(served).value(), 0);
}

/// Work of one class waits for none of another.
TEST(BlockingThreadsTest, files_go_on_while_all_of_them_are_taken) {
  for (DriverKind kind :
       {DriverKind::epoll, DriverKind::poll, DriverKind::select, DriverKind::io_uring}) {
    Config config = with_threads(1);
    config.driver.kind = kind;
    Result<Runtime> runtime = Runtime::make(config);
    if (!runtime && kind == DriverKind::io_uring) continue;  // This kernel has none for us.
    runtime->block_on(use_a_file_beside_what_blocks(*runtime));
  }
}

TEST(BlockingThreadsTest, a_runtime_ends_beside_idle_ones) {
  for (int i = 0; i < 20; ++i) {
    int calls = 0;
    Runtime runtime = Runtime::make(with_threads(4)).value();
    EXPECT_EQ(runtime.block_on(count_call(calls)), 0);
  }
}

}  // namespace
}  // namespace rota::testing_sched
