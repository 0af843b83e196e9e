// Counters are read by any thread at any moment, and reading disturbs nobody.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_sched {
namespace {

constexpr int kRounds = 20'000;

Runtime make_runtime() {
  Config config;
  config.driver.kind = DriverKind::epoll;
  return Runtime::make(config).value();
}

Task<int> small(int number) {
  co_await yield();
  co_return number;
}

/// Children that another thread drops.
class Handles {
 public:
  void put(JoinHandle<int> handle) {
    std::lock_guard lock(mutex_);
    handles_.push_back(std::move(handle));
  }
  void drop_all() {
    std::vector<JoinHandle<int>> taken;
    std::lock_guard lock(mutex_);
    taken.swap(handles_);
  }

 private:
  std::mutex mutex_;
  std::vector<JoinHandle<int>> handles_;
};

Task<void> spawn_again_and_again(Handles& handles) {
  for (int round = 0; round < kRounds; ++round) {
    handles.put(spawn(small(round)));
    auto slept = co_await sleep(Duration{0});
    static_cast<void>(slept);
  }
}

Task<void> drop_and_count(Runtime& own, Handles& handles, const std::atomic<bool>& over) {
  while (!over) {
    handles.drop_all();
    EXPECT_GE(own.counters().frames_live, 1) << "this task has a frame";
    EXPECT_GE(frame_bytes_in_use(), 1u);
    co_await yield();
  }
}

TEST(CountersTest, any_thread_reads_them_while_tasks_run) {
  Runtime runtime = make_runtime();
  Handles handles;
  std::atomic<bool> over = false;
  std::thread reader([&] {
    std::uint64_t seen = 0;
    while (!over) {
      handles.put(runtime.spawn(small(1)));
      handles.drop_all();
      const RuntimeCounters counters = runtime.counters();
      EXPECT_GE(counters.tasks_run, seen);
      seen = counters.tasks_run;
      EXPECT_GE(counters.frames_live, 0);
    }
  });
  runtime.block_on(spawn_again_and_again(handles));
  over = true;
  reader.join();
  handles.drop_all();
  EXPECT_TRUE(runtime.shutdown().clean());
}

Task<void> sleep_once(Event& all_there) {
  auto set = co_await all_there.wait();
  EXPECT_TRUE(set.has_value());
}

TEST(CountersTest, bytes_of_frames_go_up_and_down_and_their_peak_stays) {
  constexpr std::size_t kTasks = 1000;
  Runtime runtime = make_runtime();
  const RuntimeCounters before = runtime.counters();
  RuntimeCounters during;
  auto crowd = [&]() -> Task<void> {
    Event all_there;
    auto body = [&](Scope& scope) -> Task<void> {
      for (std::size_t i = 0; i < kTasks; ++i) scope.spawn(sleep_once(all_there));
      co_await yield();
      during = runtime.counters();
      all_there.set();
    };
    co_await with_scope(body);
  };
  runtime.block_on(crowd());
  const RuntimeCounters after = runtime.counters();
  const std::size_t least_bytes = kTasks * sizeof(TaskHeader);
  EXPECT_GE(during.frames_live_bytes, before.frames_live_bytes + least_bytes);
  EXPECT_GE(during.frames_peak_bytes, during.frames_live_bytes);
  EXPECT_EQ(after.frames_live_bytes, before.frames_live_bytes);
  EXPECT_EQ(after.frames_peak_bytes, during.frames_peak_bytes);
  EXPECT_EQ(frame_bytes_in_use(), after.frames_live_bytes);
}

TEST(CountersTest, two_runtimes_count_the_frames_that_they_free_for_each_other) {
  Handles handles;
  std::atomic<bool> over = false;
  const std::int64_t frames_before = make_runtime().counters().frames_live;
  std::thread other([&] {
    Runtime runtime = make_runtime();
    runtime.block_on(spawn_again_and_again(handles));
    over = true;
  });
  {
    Runtime runtime = make_runtime();
    runtime.block_on(drop_and_count(runtime, handles, over));
  }
  other.join();
  handles.drop_all();
  EXPECT_EQ(make_runtime().counters().frames_live, frames_before);
}

}  // namespace
}  // namespace rota::testing_sched
