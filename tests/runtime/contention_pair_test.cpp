// How contention is measured: two threads, on two CPUs, at the same time.

#include "runtime/contention/pair.hpp"

#include "base/cpu_affinity.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace rota {
namespace {

/// Keeps a thread busy without touching what another one touches.
void spend(std::size_t operations) noexcept {
  std::atomic<std::size_t> own{0};
  for (; operations > 0; --operations) own.fetch_add(1, std::memory_order_relaxed);
}

class Watched : public Contended {
 public:
  void work(std::size_t operations) noexcept override {
    EXPECT_EQ(windows_, settled_) << "settle comes after each window";
    windows_ += 1;
    measured_on = allowed_cpus();
    spend(operations);
  }
  void work_beside(std::size_t operations) noexcept override {
    beside_ += 1;
    neighbour_on = allowed_cpus();
    spend(operations);
  }
  void settle() noexcept override { settled_ += 1; }

  [[nodiscard]] std::size_t windows() const { return windows_; }
  [[nodiscard]] std::size_t beside() const { return beside_; }

  std::vector<int> measured_on;
  std::vector<int> neighbour_on;

 private:
  std::size_t windows_ = 0;
  std::size_t beside_ = 0;
  std::size_t settled_ = 0;
};

/// Its neighbour does nothing, so it ends at once, as one does that meets no contention any more.
class Deserted final : public Watched {
 public:
  void work_beside(std::size_t) noexcept override {}
};

class ContentionPair : public testing::Test {
 protected:
  void SetUp() override {
    const std::vector<int> allowed = allowed_cpus();
    if (allowed.size() < 2) GTEST_SKIP() << "there is one CPU";
    cpus_ = {allowed[1], allowed[0]};
  }

  ContentionCpus cpus_{};
};

TEST_F(ContentionPair, works_in_the_same_windows_on_the_two_cpus) {
  Watched watched;
  const PairResult result = measure_pair(watched, Threads::two, cpus_);
  EXPECT_EQ(result.refusal, "");
  EXPECT_EQ(watched.windows(), watched.beside());
  EXPECT_EQ(watched.measured_on, std::vector{cpus_.measured});
  EXPECT_EQ(watched.neighbour_on, std::vector{cpus_.neighbour});
  EXPECT_LE(result.ns_per_operation.size(), result.windows);
  for (const double ns : result.ns_per_operation) EXPECT_GT(ns, 0);
}

TEST_F(ContentionPair, leaves_out_windows_in_which_one_thread_worked_alone) {
  Deserted deserted;
  const PairResult result = measure_pair(deserted, Threads::two, cpus_);
  EXPECT_GT(result.windows, 0u);
  EXPECT_LT(10 * result.ns_per_operation.size(), result.windows);
}

TEST_F(ContentionPair, of_one_thread_counts_all_windows) {
  Watched watched;
  const PairResult result = measure_pair(watched, Threads::one, cpus_);
  EXPECT_EQ(watched.beside(), 0u);
  EXPECT_GT(result.windows, 0u);
  EXPECT_EQ(result.ns_per_operation.size(), result.windows);
}

TEST_F(ContentionPair, says_why_a_thread_could_not_be_pinned) {
  Watched watched;
  const PairResult result = measure_pair(watched, Threads::two, {cpus_.measured, 60'000});
  EXPECT_NE(result.refusal.find("EINVAL"), std::string::npos) << result.refusal;
  EXPECT_TRUE(result.ns_per_operation.empty());
}

TEST(ContentionPlans, run_whole_at_any_number_of_operations) {
  for (const ContentionPlan& plan : contention_plans()) {
    SCOPED_TRACE(std::string(plan.structure) + ", " + plan.layout);
    const auto contended = plan.make();
    for (const std::size_t operations : {std::size_t{1}, Contended::kMostOperations}) {
      contended->work(operations);
      contended->work_beside(operations);
      contended->settle();
    }
  }
}

TEST(WindowOverlap, is_at_least_four_fifths_of_the_time_in_which_any_worked) {
  EXPECT_TRUE(overlap({0, 100}, {0, 100}));
  EXPECT_TRUE(overlap({0, 90}, {10, 100}));
  EXPECT_FALSE(overlap({0, 85}, {15, 100}));
  EXPECT_FALSE(overlap({0, 100}, {100, 200})) << "one after the other";
  EXPECT_FALSE(overlap({0, 10}, {90, 100}));
  EXPECT_FALSE(overlap({40, 60}, {0, 100})) << "one was kept from working for most of the time";
}

}  // namespace
}  // namespace rota
