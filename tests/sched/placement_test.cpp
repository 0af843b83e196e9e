// How many workers there are, where they run, and whom a thief looks at.

#include "sched/placement.hpp"

#include "base/fake_machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace rota {
namespace {

using testing_machine::FakeMachine;

Machine two_sockets() {
  FakeMachine fake;
  testing_machine::describe_two_sockets(fake);
  return fake.read("0-31");
}

Machine hybrid() {
  FakeMachine fake;
  testing_machine::describe_hybrid(fake);
  return fake.read("0-7");
}

Machine small_machine(const std::string& cpu_max) {
  FakeMachine fake;
  fake.online("0-3");
  if (!cpu_max.empty()) fake.quota(cpu_max);
  return fake.read("0-3");
}

std::vector<int> cpus_in(const Placement& placement) {
  std::vector<int> cpus;
  for (const Place& place : placement.places) cpus.push_back(place.cpu);
  return cpus;
}

std::vector<int> from_to(int first, int last) {
  std::vector<int> numbers;
  for (int number = first; number <= last; ++number) numbers.push_back(number);
  return numbers;
}

using Order = std::vector<std::uint16_t>;

TEST(WorkerCount, is_one_for_each_cpu_that_may_be_used) {
  const Placement placement = choose_placement(small_machine(""), 0, Pinning::always);
  EXPECT_EQ(cpus_in(placement), from_to(0, 3));
  EXPECT_EQ(placement.reason,
            "4 workers: one for each CPU that may be used. Each is pinned to a CPU of its own.");
}

TEST(WorkerCount, is_what_the_quota_keeps_busy_rounded_up) {
  const auto count = [](const char* cpu_max) {
    return choose_placement(small_machine(cpu_max), 0, Pinning::always).places.size();
  };
  EXPECT_EQ(count("50000 100000"), 1u);
  EXPECT_EQ(count("1000 100000"), 1u);
  EXPECT_EQ(count("150000 100000"), 2u);
  EXPECT_EQ(count("200000 100000"), 2u);
  EXPECT_EQ(count("900000 100000"), 4u) << "a quota does not make CPUs";
  EXPECT_EQ(count("max 100000"), 4u);
}

TEST(WorkerCount, is_one_where_nothing_is_known) {
  const Placement placement = choose_placement(Machine{}, 0, Pinning::always);
  EXPECT_EQ(cpus_in(placement), std::vector{-1});
  EXPECT_NE(placement.reason.find("does not tell"), std::string::npos) << placement.reason;
}

TEST(WorkerCount, is_what_was_asked_for) {
  const Placement placement = choose_placement(small_machine("50000 100000"), 3, Pinning::never);
  EXPECT_EQ(cpus_in(placement), std::vector(3, -1));
  EXPECT_EQ(placement.reason, "3 workers on 4 CPUs, as asked for. None is pinned.");
}

TEST(Pinned, workers_fill_the_cores_of_a_node_then_the_next_node_then_second_threads) {
  EXPECT_EQ(cpus_in(choose_placement(two_sockets(), 0, Pinning::always)), [] {
    std::vector<int> order = from_to(0, 15);  // by node, as they are numbered here
    const std::vector<int> second = from_to(16, 31);
    order.insert(order.end(), second.begin(), second.end());
    return order;
  }());
  EXPECT_EQ(cpus_in(choose_placement(two_sockets(), 8, Pinning::always)), from_to(0, 7));
}

TEST(Pinned, workers_stay_near_each_other_however_cpus_are_numbered) {
  // Odd numbers are the second socket, and its node is nearer to node 2 than to the first.
  FakeMachine fake;
  fake.online("0-5");
  fake.nodes("0-2");
  fake.node(0, "0,2", "10 40 20");
  fake.node(1, "1,3", "40 10 30");
  fake.node(2, "4-5", "20 30 10");
  EXPECT_EQ(cpus_in(choose_placement(fake.read("0-5"), 0, Pinning::always)),
            (std::vector{0, 2, 4, 5, 1, 3}));
}

TEST(Pinned, hybrid_cores_get_a_worker_each_before_any_gets_two) {
  EXPECT_EQ(cpus_in(choose_placement(hybrid(), 0, Pinning::always)),
            (std::vector{0, 2, 4, 5, 6, 7, 1, 3}));
}

TEST(Pinned, workers_that_are_more_than_the_cpus_share_them_in_turn) {
  const Placement placement = choose_placement(small_machine(""), 6, Pinning::always);
  EXPECT_EQ(cpus_in(placement), (std::vector{0, 1, 2, 3, 0, 1}));
  EXPECT_EQ(placement.reason,
            "6 workers on 4 CPUs, as asked for. They are pinned, and some share a CPU.");
}

TEST(BestPinning, is_an_own_cpu_for_each_where_tasks_stay_and_none_where_they_move) {
  SchedulerConfig config;
  config.kind = SchedulerKind::per_core;
  EXPECT_EQ(cpus_in(choose_placement(small_machine(""), config)), from_to(0, 3));
  config.kind = SchedulerKind::stealing;
  EXPECT_EQ(cpus_in(choose_placement(small_machine(""), config)), std::vector(4, -1));
  config.workers = 5;
  config.pinning = Pinning::always;
  EXPECT_EQ(cpus_in(choose_placement(small_machine(""), config)), (std::vector{0, 1, 2, 3, 0}));
}

TEST(PinnedToOwnCpu, workers_are_not_pinned_when_they_would_share) {
  EXPECT_EQ(cpus_in(choose_placement(small_machine(""), 4, Pinning::own_cpu)), from_to(0, 3));
  const Placement placement = choose_placement(small_machine(""), 5, Pinning::own_cpu);
  EXPECT_EQ(cpus_in(placement), std::vector(5, -1));
  EXPECT_NE(placement.reason.find("no CPU for each"), std::string::npos) << placement.reason;
}

TEST(PinnedToOwnCpu, workers_are_not_pinned_under_a_quota_that_makes_them_fewer) {
  const Placement placement = choose_placement(small_machine("150000 100000"), 0, Pinning::own_cpu);
  EXPECT_EQ(cpus_in(placement), std::vector(2, -1));
  EXPECT_EQ(
      placement.reason,
      "2 workers on 4 CPUs: more would only be sooner at the end of the quota, 1.50 CPUs "
      "(cgroup v2, group /). None is pinned: under a quota the same CPUs serve other groups.");
  EXPECT_EQ(cpus_in(choose_placement(small_machine("400000 100000"), 0, Pinning::own_cpu)),
            from_to(0, 3));
}

TEST(Victims, are_the_sibling_then_the_node_then_the_other_node) {
  const Placement placement = choose_placement(two_sockets(), 0, Pinning::always);
  const Order order = victims_by_distance(placement, 3);
  ASSERT_EQ(order.size(), 31u);
  EXPECT_EQ(order.front(), 19) << "the other thread of its core";
  const auto on_node = [&](std::uint16_t worker) { return placement.places[worker].node; };
  for (std::size_t at = 1; at < 15; ++at) EXPECT_EQ(on_node(order[at]), 0) << at;
  for (std::size_t at = 15; at < 31; ++at) EXPECT_EQ(on_node(order[at]), 1) << at;
}

TEST(Victims, that_share_a_cache_come_before_those_that_share_less) {
  // Workers 2 to 5 are on the slow cores 4 to 7, which share an L2.
  const Placement placement = choose_placement(hybrid(), 0, Pinning::always);
  Order order = victims_by_distance(placement, 3);
  std::sort(order.begin(), order.begin() + 3);
  EXPECT_EQ(Order(order.begin(), order.begin() + 3), (Order{2, 4, 5}));
  order = victims_by_distance(placement, 0);
  EXPECT_EQ(order.front(), 6) << "the other thread of its core";
}

TEST(Victims, of_nearer_nodes_come_first) {
  FakeMachine fake;
  fake.online("0-3");
  fake.nodes("0-3");
  fake.node(0, "0", "10 30 12 20");
  fake.node(1, "1", "30 10 20 12");
  fake.node(2, "2", "12 20 10 30");
  fake.node(3, "3", "20 12 30 10");
  const Placement placement = choose_placement(fake.read("0-3"), 0, Pinning::always);
  ASSERT_EQ(cpus_in(placement), (std::vector{0, 2, 3, 1}));
  EXPECT_EQ(victims_by_distance(placement, 0), (Order{1, 2, 3}));
  EXPECT_EQ(victims_by_distance(placement, 3), (Order{2, 1, 0}));
}

TEST(Victims, are_all_others_once) {
  const Machine machine = two_sockets();
  for (const Pinning pinning : {Pinning::always, Pinning::never}) {
    for (const unsigned workers : {1u, 2u, 7u, 32u, 40u}) {
      const Placement placement = choose_placement(machine, workers, pinning);
      for (std::size_t thief = 0; thief < workers; ++thief) {
        const Order order = victims_by_distance(placement, thief);
        const std::set<std::uint16_t> different(order.begin(), order.end());
        EXPECT_EQ(order.size(), workers - 1);
        EXPECT_EQ(different.size(), workers - 1);
        EXPECT_FALSE(different.contains(static_cast<std::uint16_t>(thief)));
      }
    }
  }
}

TEST(Victims, of_equal_distance_are_begun_with_another_one_by_each_thief) {
  const Placement loose = choose_placement(small_machine(""), 8, Pinning::never);
  std::set<std::uint16_t> first;
  for (std::size_t thief = 0; thief < 8; ++thief) {
    first.insert(victims_by_distance(loose, thief).front());
  }
  EXPECT_EQ(first.size(), 8u) << "without a place all workers are equal";

  const Placement placed = choose_placement(two_sockets(), 16, Pinning::always);
  std::set<std::uint16_t> near;
  std::set<std::uint16_t> far;
  for (std::size_t thief = 0; thief < 16; ++thief) {
    const Order order = victims_by_distance(placed, thief);
    near.insert(order[0]);
    far.insert(order[7]);  // seven more are on its own node
  }
  EXPECT_EQ(near.size(), 16u);
  EXPECT_EQ(far.size(), 16u);
}

}  // namespace
}  // namespace rota
