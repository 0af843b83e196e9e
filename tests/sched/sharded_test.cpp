#include "sched/grid.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_sched {

/// May be used by any number of threads.
struct SharedCount {
  std::atomic<int> count{0};
};

}  // namespace rota::testing_sched

template <>
inline constexpr bool rota::thread_safe<rota::testing_sched::SharedCount> = true;

namespace rota::testing_sched {
namespace {

constexpr int kRounds = address_sanitizer || thread_sanitizer ? 300 : 3'000;

class ShardedTest : public GridTest {};
class ShardedStealingTest : public GridTest {};
class ShardedDeathTest : public testing::Test {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

INSTANTIATE_TEST_SUITE_P(, ShardedTest, testing::ValuesIn(kPerCoreCells), name_of_cell);
INSTANTIATE_TEST_SUITE_P(, ShardedStealingTest, testing::ValuesIn(kStealingCells), name_of_cell);

/// Notices when another thread than its worker's touches it.
class Guarded {
 public:
  Guarded(int start, std::string name) : count_(start), name_(std::move(name)) {}
  ~Guarded() { check(); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  int add(int more) {
    check();
    return count_ += more;
  }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  void check() const { EXPECT_EQ(maker_, std::this_thread::get_id()); }

  const std::thread::id maker_ = std::this_thread::get_id();
  int count_;
  std::string name_;
};

Task<void> add_locally(Sharded<Guarded>& counts) {
  for (int i = 0; i < kRounds; ++i) {
    counts.local().add(1);
    co_await yield();
  }
}
Task<void> use_shards() {
  Sharded<Guarded> counts = co_await Sharded<Guarded>::make(100, std::string("a name"));
  const auto workers = static_cast<int>(worker_count());

  auto add = [&](WorkerIndex) { return add_locally(counts); };
  co_await submit_to_all(add);
  for (int i = 0; i < workers; ++i) {
    int count = co_await counts.invoke_on(static_cast<WorkerIndex>(i),
                                          [](Guarded& mine) { return mine.add(1000); });
    EXPECT_EQ(count, 100 + kRounds + 1000);
  }
  co_await counts.invoke_on_all([](Guarded& mine) { mine.add(5); });

  auto read = [](Guarded& mine) { return std::pair(mine.add(0), mine.name()); };
  auto collect = [](std::string all, const std::pair<int, std::string>& one) {
    EXPECT_EQ(one.first, 100 + kRounds + 1000 + 5);
    return all + one.second + ";";
  };
  std::string names = co_await counts.map_reduce(std::string(), read, collect);
  std::string expected;
  for (int i = 0; i < workers; ++i) expected += "a name;";
  EXPECT_EQ(names, expected);
  co_await counts.stop();
}

TEST_P(ShardedTest, each_value_is_made_used_and_destroyed_by_its_worker_alone) {
  runtime().block_on(use_shards());
}

Task<int> add_after_a_wait(Guarded& mine) {
  const int before = mine.add(0);
  co_await yield();
  co_return mine.add(1) - before;
}
Task<int> call_with_waits() {
  Sharded<Guarded> counts = co_await Sharded<Guarded>::make(0, std::string());
  int added = co_await counts.invoke_on(1, add_after_a_wait);
  co_await counts.stop();
  co_return added;
}

TEST_P(ShardedTest, a_function_may_wait_on_the_worker_of_its_value) {
  EXPECT_EQ(runtime().block_on(call_with_waits()), 1);
}

std::atomic<int> living{0};

struct FailsOnTheLast {
  FailsOnTheLast() {
    if (this_worker() + 1 == worker_count()) throw std::runtime_error("no room");
    living += 1;
  }
  ~FailsOnTheLast() { living -= 1; }
};
Task<void> make_in_vain() {
  Sharded<FailsOnTheLast> never = co_await Sharded<FailsOnTheLast>::make();
  co_await never.stop();
}

TEST_P(ShardedTest, when_one_cannot_be_made_the_others_are_destroyed) {
  EXPECT_THROW(runtime().block_on(make_in_vain()), std::runtime_error);
  EXPECT_EQ(living, 0);
}

Task<int> count_in_parallel() {
  Sharded<SharedCount> counts = co_await Sharded<SharedCount>::make();
  co_await with_scope([&](Scope& scope) -> Task<void> {
    for (int i = 0; i < kRounds; ++i) {
      scope.spawn([](Sharded<SharedCount>& all) -> Task<void> {
        all.local().count += 1;
        co_return;
      }(counts));
    }
    co_return;
  });
  auto read = [](SharedCount& mine) { return mine.count.load(); };
  int sum = co_await counts.map_reduce(0, read, std::plus<int>());
  co_await counts.stop();
  co_return sum;
}

TEST_P(ShardedStealingTest, a_type_for_many_threads_is_served) {
  EXPECT_EQ(runtime().block_on(count_in_parallel()), kRounds);
}

Task<void> make_what_may_not_be_shared() {
  Sharded<std::vector<int>> lists = co_await Sharded<std::vector<int>>::make();
  co_await lists.stop();
}

TEST_F(ShardedDeathTest, where_workers_steal_a_type_for_one_thread_is_refused) {
  EXPECT_DEATH(Runtime::make(kStealingCells[0].config())->block_on(make_what_may_not_be_shared()),
               "thread_safe is false");
}

Task<void> forget_the_stop() {
  Sharded<std::vector<int>> lists = co_await Sharded<std::vector<int>>::make();
}

TEST_F(ShardedDeathTest, to_go_without_stop_ends_the_process) {
  EXPECT_DEATH(Runtime::make(kPerCoreCells[0].config())->block_on(forget_the_stop()),
               "without stop");
}

}  // namespace
}  // namespace rota::testing_sched
