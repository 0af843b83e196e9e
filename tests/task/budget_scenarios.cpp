#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace rota::testing_tasks {
namespace {

constexpr int kBudgetUnits = 128;

template <template <class> class Routine>
Routine<void> wait_again_and_again(Event& set, int& waits, int count) {
  for (; waits < count; ++waits) {
    Result<void> waited = co_await set.wait();
    EXPECT_TRUE(waited.has_value());
  }
}

template <template <class> class Routine>
Routine<void> leaves_that_never_park_let_others_run(World world) {
  constexpr int kWaits = 5000;
  Event set;
  set.set();
  int waits = 0;
  const std::uint64_t yields_before = world.runtime.counters().budget_yields;
  JoinHandle<void> greedy = spawn_routine(wait_again_and_again<Routine>(set, waits, kWaits));
  int seen = 0;
  int longest = 0;
  while (waits < kWaits) {
    co_await yield();
    longest = std::max(longest, waits - seen);
    seen = waits;
  }
  EXPECT_LE(longest, kBudgetUnits);
  EXPECT_GE(world.runtime.counters().budget_yields - yields_before,
            static_cast<std::uint64_t>(kWaits / kBudgetUnits));
  Joined<void> joined = co_await greedy.join();
  EXPECT_TRUE(joined.has_value());
}

}  // namespace

void add_budget_scenarios(Suite& suite) {
  suite.add("leaves_that_never_park_let_others_run", leaves_that_never_park_let_others_run<Task>,
            leaves_that_never_park_let_others_run<Script>, RunOrder::queue);
}

}  // namespace rota::testing_tasks
