// What is accounted of runs and of waits, against a clock that the test sets.

#include "observe/run_account.hpp"

#include "base/random.hpp"
#include "observe/sites.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <string>
#include <vector>

namespace rota {
namespace {

struct HandClock {
  Instant at;
  mutable int reads = 0;
  [[nodiscard]] Instant now() const noexcept {
    ++reads;
    return at;
  }
};

struct FakeTask : Runnable {
  explicit FakeTask(std::source_location site) noexcept {
    header.label = SpawnLabel(site);
    task = &header;
  }
  TaskHeader header;
};

class RunAccountTest : public testing::Test {
 protected:
  RunAccountTest() {
    account_.begin_batch(clock_);
    clock_.reads = 0;
  }

  bool run(const Runnable& task, std::int64_t ns) {
    account_.begin_run(task, clock_);
    clock_.at.ns += ns;
    return account_.end_run(clock_);
  }
  void run_often(const Runnable& task, std::int64_t ns, int times) {
    for (int i = 0; i < times; ++i) run(task, ns);
  }
  /// Idle for a while, between two batches.
  void next_batch() {
    account_.pause(clock_);
    clock_.at.ns += 1'000'000'000;
    account_.begin_batch(clock_);
  }
  /// A wake and, for as long after it, the wait.
  void wait(const Runnable& task, std::int64_t ns) {
    account_.note_ready(task, clock_);
    clock_.at.ns += ns;
  }
  const TaskKind& kind_of(const FakeTask& task) {
    const TaskKind* found = nullptr;
    account_.kinds().for_each([&](const TaskKind& kind) {
      const bool same =
          std::string(kind.site.function_name()) == task.header.label.site().function_name();
      if (same) found = &kind;
    });
    return *found;
  }
  static HistogramSum sum_of(const Histogram& histogram) {
    HistogramSum sum;
    sum.add(histogram);
    return sum;
  }
  std::uint64_t runs_of(const FakeTask& task) { return sum_of(kind_of(task).run_ns).count(); }
  HistogramSum waits_of(const FakeTask& task) { return sum_of(kind_of(task).queue_ns); }
  [[nodiscard]] Slice longest() const { return account_.longest().copy().front(); }

  HandClock clock_;
  RunAccount account_;
  FakeTask a_{numbered_site<0>()};
  FakeTask b_{numbered_site<1>()};
  FakeTask passer_by_{numbered_site<2>()};
};

TEST_F(RunAccountTest, runs_of_a_new_kind_are_measured_one_by_one) {
  for (int i = 1; i <= 10; ++i) run(a_, i);
  EXPECT_EQ(runs_of(a_), 10u);
  EXPECT_EQ(kind_of(a_).run_ns.max_ns(), 10u);
  EXPECT_EQ(kind_of(a_).total_ns, 55u);
  EXPECT_EQ(clock_.reads, 10);
}

TEST_F(RunAccountTest, short_runs_share_a_stamp_and_its_time) {
  run_often(a_, 100, TaskKind::kProbation);
  const int reads = clock_.reads;
  for (int i = 0; i < 10; ++i) {
    run_often(a_, 50, RunAccount::kGroup / 2);
    run_often(a_, 150, RunAccount::kGroup / 2);
  }
  EXPECT_EQ(clock_.reads, reads + 10);
  EXPECT_EQ(runs_of(a_), TaskKind::kProbation + 10 * RunAccount::kGroup);
  EXPECT_EQ(kind_of(a_).run_ns.max_ns(), 100u);
}

TEST_F(RunAccountTest, long_runs_never_share_one) {
  run_often(a_, 100, 100);
  run_often(b_, 20'000, 5);
  const int reads = clock_.reads;
  run_often(b_, 20'000, 40);
  EXPECT_EQ(clock_.reads, reads + 40);
  EXPECT_EQ(runs_of(b_), 45u);
  EXPECT_EQ(sum_of(kind_of(b_).run_ns).percentile_ns(0.01), 20'000u);
  EXPECT_EQ(kind_of(a_).run_ns.max_ns(), 100u) << "a neighbour in the batch got some of it";
}

TEST_F(RunAccountTest, every_run_and_every_moment_of_them_is_counted_once) {
  const auto sites = distinct_sites<100>();
  std::vector<std::unique_ptr<FakeTask>> tasks;
  for (const auto& site : sites) tasks.push_back(std::make_unique<FakeTask>(site));
  Random random(3);
  std::uint64_t spent_ns = 0;
  constexpr std::uint64_t runs = 50'000;
  for (std::uint64_t i = 0; i < runs; ++i) {
    const std::uint32_t ns = random.below(100) == 0 ? random.below(1'000'000) : random.below(300);
    const std::uint32_t kinds = random.below(2) == 0 ? 3 : 100;
    run(*tasks[random.below(kinds)], ns);
    spent_ns += ns;
    if (random.below(50) == 0) next_batch();
  }
  account_.pause(clock_);
  HistogramSum all;
  std::uint64_t total_ns = 0;
  account_.kinds().for_each([&](const TaskKind& kind) {
    all.add(kind.run_ns);
    total_ns += kind.total_ns;
  });
  EXPECT_EQ(all.count(), runs);
  EXPECT_EQ(total_ns, spent_ns);
}

TEST_F(RunAccountTest, a_long_run_is_named_and_dated) {
  std::string name = "reader";
  const SpawnLabel::Named named{a_.header.label.site(), name.c_str()};
  a_.header.label = SpawnLabel(named);
  run(b_, 10);
  account_.begin_run(a_, clock_);
  name = "gone";
  clock_.at.ns += 20'000'000;
  EXPECT_TRUE(account_.end_run(clock_));
  EXPECT_EQ(longest().name.view(), "reader");
  EXPECT_STREQ(longest().site.function_name(), named.site.function_name());
  EXPECT_EQ(longest().ns, 20'000'000u);
  EXPECT_EQ(longest().began.ns, 10);
  EXPECT_EQ(longest().among, 1u);
}

TEST_F(RunAccountTest, the_longest_are_kept_in_order) {
  for (const int ns : {5, 70, 20, 90, 1, 30}) {
    for (int i = 0; i < 8; ++i) run(a_, 1000 * ns);
  }
  const auto kept = account_.longest().copy();
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i].ns, i < 8 ? 90'000u : 70'000u);
}

TEST_F(RunAccountTest, a_long_run_among_short_ones_is_found_and_its_kinds_are_measured_again) {
  run_often(a_, 100, TaskKind::kProbation + 2 * RunAccount::kGroup);
  run_often(b_, 100, TaskKind::kProbation);
  run_often(b_, 100, 7);
  run(a_, 5'000'000);
  run_often(b_, 100, RunAccount::kGroup - 8);
  EXPECT_EQ(longest().ns, 5'000'000u) << "what the short ones took was not left out";
  EXPECT_EQ(longest().among, RunAccount::kGroup);
  const int reads = clock_.reads;
  run(a_, 100);
  run(b_, 100);
  EXPECT_EQ(clock_.reads, reads + 2) << "its kinds are not on probation";
  EXPECT_EQ(runs_of(a_) + runs_of(b_), 2 * TaskKind::kProbation + 3 * RunAccount::kGroup + 2);
}

TEST_F(RunAccountTest, it_is_ascribed_to_the_kind_that_has_been_long_before) {
  run(a_, 3'000'000);
  run_often(a_, 100, TaskKind::kProbation);
  run_often(b_, 100, TaskKind::kProbation);
  run(a_, 8'000'000);
  run_often(b_, 100, RunAccount::kGroup - 1);
  EXPECT_STREQ(longest().site.function_name(), a_.header.label.site().function_name());
  EXPECT_EQ(kind_of(b_).run_ns.max_ns(), 100u);
}

TEST_F(RunAccountTest, a_batch_has_had_its_time_once_a_stamp_says_so) {
  EXPECT_FALSE(run(a_, RunAccount::kBatchNs / 2));
  EXPECT_FALSE(run(a_, RunAccount::kBatchNs / 2));
  EXPECT_TRUE(run(a_, 1));
  next_batch();
  EXPECT_FALSE(run(a_, 1)) << "the time between two batches counts";
}

TEST_F(RunAccountTest, the_run_in_which_the_worker_was_taken_over_is_counted_once) {
  run_often(a_, 100, TaskKind::kProbation + RunAccount::kGroup);
  run_often(b_, 100, TaskKind::kProbation + 3);
  account_.begin_run(a_, clock_);
  clock_.at.ns += 30'000'000;
  account_.begin_carry(clock_);
  account_.begin_carry(clock_);
  next_batch();
  EXPECT_EQ(runs_of(a_), TaskKind::kProbation + RunAccount::kGroup + 1);
  EXPECT_EQ(runs_of(b_), TaskKind::kProbation + 3);
  EXPECT_STREQ(longest().site.function_name(), a_.header.label.site().function_name());
  EXPECT_EQ(longest().ns, 30'000'000u);
}

TEST_F(RunAccountTest, a_run_goes_on_while_a_neighbour_tends_the_worker) {
  account_.begin_run(a_, clock_);
  clock_.at.ns += 1'000'000;
  account_.tend([this] {
    account_.pause(clock_);
    account_.note_ready(b_, clock_);
  });
  clock_.at.ns += 1'000'000;
  static_cast<void>(account_.end_run(clock_));
  EXPECT_EQ(longest().ns, 2'000'000u);
  EXPECT_EQ(runs_of(a_), 1u);
}

TEST_F(RunAccountTest, the_average_follows_the_last_runs) {
  run_often(a_, 100, 1000);
  EXPECT_NEAR(static_cast<double>(account_.average_run_ns()), 100, 10);
  run(b_, 1'000'000);
  EXPECT_NEAR(static_cast<double>(account_.average_run_ns()), 100'000, 1000);
  run_often(b_, 1'000'000, 60);
  EXPECT_NEAR(static_cast<double>(account_.average_run_ns()), 1'000'000, 10'000);
  run_often(a_, 100, 200);
  EXPECT_LT(account_.average_run_ns(), 2000u);
}

TEST_F(RunAccountTest, the_delay_of_a_probe_is_from_its_wake_to_its_run) {
  wait(a_, 700);
  run(b_, 300);
  run(a_, 5000);
  EXPECT_EQ(waits_of(a_).count(), 1u);
  EXPECT_EQ(waits_of(a_).max_ns(), 1000u);
  EXPECT_EQ(waits_of(b_).count(), 0u);
}

TEST_F(RunAccountTest, there_is_one_probe_in_so_many_wakes) {
  for (int i = 0; i < 10; ++i) {
    wait(a_, 10);
    run(a_, 10);
    for (std::uint32_t k = 1; k < RunAccount::kSampleEvery; ++k) {
      wait(b_, 10);
      run(b_, 10);
    }
  }
  EXPECT_EQ(waits_of(a_).count(), 10u);
  EXPECT_EQ(waits_of(b_).count(), 0u);
}

TEST_F(RunAccountTest, a_sample_counts_for_all_that_became_ready_until_it_ran) {
  wait(a_, 0);
  for (std::uint32_t i = 0; i < 3 * RunAccount::kSampleEvery; ++i) wait(passer_by_, 10);
  run(a_, 10);
  EXPECT_EQ(waits_of(a_).count(), 4u);
}

// Each of these leaves the worker's queue otherwise than to be run here, and comes back.

TEST_F(RunAccountTest, a_probe_that_was_stolen_is_not_matched_when_it_is_woken_here_again) {
  wait(a_, 1'000'000);
  wait(a_, 50);
  run(a_, 10);
  EXPECT_EQ(waits_of(a_).count(), 0u);
  for (std::uint32_t i = 0; i < RunAccount::kSampleEvery; ++i) {
    wait(b_, 20);
    run(b_, 10);
  }
  EXPECT_EQ(waits_of(b_).max_ns(), 20u) << "no probe came after the one that was lost";
}

TEST_F(RunAccountTest, a_probe_that_was_stolen_is_not_matched_when_it_is_stolen_back) {
  wait(a_, 1'000'000);
  account_.run_dry(clock_);
  run(a_, 10);
  EXPECT_EQ(waits_of(a_).count(), 0u);
}

TEST_F(RunAccountTest, a_probe_that_was_stolen_for_good_does_not_end_the_sampling) {
  wait(a_, 10);
  account_.run_dry(clock_);
  account_.begin_batch(clock_);
  for (std::uint32_t i = 0; i < RunAccount::kSampleEvery; ++i) {
    wait(b_, 20);
    run(b_, 10);
  }
  EXPECT_EQ(waits_of(b_).count(), 1u);
}

TEST_F(RunAccountTest, a_probe_that_was_freed_is_not_matched_by_another_one_at_its_address) {
  alignas(FakeTask) std::byte memory[sizeof(FakeTask)];
  auto* first = new (memory) FakeTask(numbered_site<0>());
  wait(*first, 1'000'000);
  first->~FakeTask();
  auto* second = new (memory) FakeTask(numbered_site<1>());
  wait(*second, 10);
  run(*second, 10);
  EXPECT_EQ(waits_of(*second).count(), 0u);
  second->~FakeTask();
}

TEST_F(RunAccountTest, a_theft_without_a_probe_does_not_put_off_the_next_one) {
  wait(a_, 10);
  run(a_, 10);
  for (std::uint32_t i = 1; i < RunAccount::kSampleEvery; ++i) {
    wait(passer_by_, 1);
    account_.run_dry(clock_);
  }
  wait(b_, 10);
  run(b_, 10);
  EXPECT_EQ(waits_of(b_).count(), 1u);
}

}  // namespace
}  // namespace rota
