// What `rota lab lengths` measures, and what it makes of the figures.

#include "cli/lab/lengths.hpp"

#include <gtest/gtest.h>

#include <string>

namespace rota::cli {
namespace {

DisciplineResult waits_of(const char* name, std::uint64_t short_ns) {
  DisciplineResult result{{name, {}}, {}};
  result.second.delay_ns[0].record(short_ns);
  result.second.cpu_ns = 100;
  result.second.work_ns = 100;
  return result;
}

std::string words_of(const std::vector<DisciplineResult>& results) {
  std::string all;
  for (const std::string& word : lengths_in_words(results)) all += word + '\n';
  return all;
}

TEST(ArrivalPlanTest, the_same_seed_gives_the_same_plan) {
  const ArrivalPlan one = ArrivalPlan::make(0.1, 7);
  const ArrivalPlan two = ArrivalPlan::make(0.1, 7);
  const ArrivalPlan other = ArrivalPlan::make(0.1, 8);
  ASSERT_EQ(one.arrivals.size(), two.arrivals.size());
  for (std::size_t i = 0; i < one.arrivals.size(); ++i) {
    EXPECT_EQ(one.arrivals[i].due_ns, two.arrivals[i].due_ns);
    EXPECT_EQ(one.arrivals[i].length, two.arrivals[i].length);
  }
  EXPECT_NE(one.arrivals.front().due_ns, other.arrivals.front().due_ns);
}

TEST(ArrivalPlanTest, has_the_lengths_in_their_shares_and_keeps_a_cpu_busy_for_60_per_cent) {
  const ArrivalPlan plan = ArrivalPlan::make(20, 1);
  std::array<double, 3> count{};
  std::int64_t before_ns = 0;
  for (const ArrivalPlan::Arrival& arrival : plan.arrivals) {
    count.at(arrival.length) += 1;
    EXPECT_GE(arrival.due_ns, before_ns);
    before_ns = arrival.due_ns;
  }
  EXPECT_LT(before_ns, 20'000'000'000);
  for (std::size_t length = 0; length < count.size(); ++length) {
    const double expected =
        static_cast<double>(plan.arrivals.size()) * task_lengths_mixed[length].per_10000 / 10'000;
    EXPECT_NEAR(count[length], expected, 0.1 * expected) << task_lengths_mixed[length].name;
  }
  EXPECT_NEAR(static_cast<double>(plan.work_ns), 0.6 * 20e9, 0.06 * 20e9);
}

TEST(MixedLengthsTest, every_task_is_measured_under_every_scheduler) {
  const ArrivalPlan plan = ArrivalPlan::make(0.02, 3);
  for (const SchedulerKind kind :
       {SchedulerKind::single, SchedulerKind::per_core, SchedulerKind::stealing}) {
    SchedulerConfig scheduler;
    scheduler.kind = kind;
    scheduler.workers = 2;
    DisciplineFigures figures;
    const auto ran = run_mixed_lengths(plan, {"", scheduler}, figures);
    ASSERT_TRUE(ran.has_value()) << ran.error();
    std::uint64_t measured = 0;
    for (const LatencyHistogram& delays : figures.delay_ns) measured += delays.count();
    EXPECT_EQ(measured, plan.arrivals.size());
    EXPECT_EQ(figures.tasks, plan.arrivals.size());
    std::uint64_t runs_of_short = 0;
    for (const KindLengths& of : figures.lengths.kinds) {
      if (of.name == "short") runs_of_short = of.runs;
    }
    EXPECT_EQ(runs_of_short, figures.delay_ns[0].count()) << "the runtime's own account differs";
  }
}

TEST(LengthsInWords, say_which_way_a_difference_goes) {
  const std::string words = words_of({waits_of("one", 8'000'000), waits_of("two", 2'000'000),
                                      waits_of("three", 4'000'000), waits_of("four", 4'100'000)});
  for (const char* part : {"8.00 ms at p99", "4.00 times less than in one queue",
                           "2.00 times more than per core", "about as long as where half"}) {
    EXPECT_NE(words.find(part), std::string::npos) << part << " is not in " << words;
  }
  EXPECT_EQ(words.find("other processes"), std::string::npos);
}

TEST(LengthsInWords, say_that_others_had_the_cpu) {
  auto disturbed = waits_of("one", 1000);
  disturbed.second.cpu_ns = 80;
  EXPECT_NE(words_of({disturbed, disturbed, disturbed, disturbed}).find("other processes"),
            std::string::npos);
}

}  // namespace
}  // namespace rota::cli
