// What the kernel's files say of a machine.

#include "base/cpu_topology.hpp"

#include "base/cpu_affinity.hpp"
#include "base/fake_machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace rota {
namespace {

using testing_machine::FakeMachine;

std::vector<int> column(const Machine& machine, int Place::* member) {
  std::vector<int> values;
  for (const Place& place : machine.cpus) values.push_back(place.*member);
  return values;
}

TEST(CpuList, is_of_numbers_and_ranges) {
  EXPECT_EQ(parse_cpu_list("0-3,8"), (std::vector{0, 1, 2, 3, 8}));
  EXPECT_EQ(parse_cpu_list("5"), (std::vector{5}));
  EXPECT_EQ(parse_cpu_list("0,2,4-5\n"), (std::vector{0, 2, 4, 5}));
  EXPECT_TRUE(parse_cpu_list("").empty());
  EXPECT_TRUE(parse_cpu_list("\n").empty());
}

TEST(CpuList, ends_at_an_error) {
  EXPECT_EQ(parse_cpu_list("1,x"), (std::vector{1}));
  EXPECT_EQ(parse_cpu_list("1,4-"), (std::vector{1}));
  EXPECT_EQ(parse_cpu_list("1,,2"), (std::vector{1}));
  EXPECT_EQ(parse_cpu_list("1,3-2,4"), (std::vector{1, 4}));
  EXPECT_TRUE(parse_cpu_list("-1").empty());
  EXPECT_TRUE(parse_cpu_list("0-4294967295").empty());
  EXPECT_TRUE(parse_cpu_list("99999999999").empty());
}

TEST(CpuTopology, of_two_sockets_tells_cores_caches_and_nodes) {
  FakeMachine fake;
  testing_machine::describe_two_sockets(fake);
  const Machine machine = fake.read("0-31");
  ASSERT_EQ(machine.cpus.size(), 32u);
  EXPECT_EQ(machine.cpus_online, 32u);
  for (const Place& place : machine.cpus) {
    EXPECT_EQ(place.core, place.cpu % 16);
    EXPECT_EQ(place.l2, place.core);
    EXPECT_EQ(place.node, place.cpu % 16 / 8);
    EXPECT_EQ(place.l3, 8 * place.node);
  }
  EXPECT_EQ(machine.distances.between(0, 0), 10u);
  EXPECT_EQ(machine.distances.between(0, 1), 21u);
  EXPECT_FALSE(machine.quota.has_value());
}

TEST(CpuTopology, of_hybrid_cores_may_share_less_of_one_cache_than_of_another) {
  FakeMachine fake;
  testing_machine::describe_hybrid(fake);
  const Machine machine = fake.read("0-7");
  EXPECT_EQ(column(machine, &Place::core), (std::vector{0, 0, 2, 2, 4, 5, 6, 7}));
  EXPECT_EQ(column(machine, &Place::l2), (std::vector{0, 0, 2, 2, 4, 4, 4, 4}));
  EXPECT_EQ(column(machine, &Place::l3), std::vector<int>(8, 0));
  EXPECT_EQ(column(machine, &Place::node), std::vector<int>(8, 0)) << "one node without NUMA";
}

TEST(CpuTopology, without_cache_files_takes_nothing_as_shared) {
  FakeMachine fake;
  fake.online("0-3");
  for (int cpu = 0; cpu < 4; ++cpu) fake.core(cpu, cpu < 2 ? "0-1" : "2-3");
  const Machine machine = fake.read("0-3");
  EXPECT_EQ(column(machine, &Place::l2), (std::vector{0, 0, 2, 2}));
  EXPECT_EQ(column(machine, &Place::l3), (std::vector{0, 0, 2, 2}));
}

TEST(CpuTopology, knows_the_name_that_siblings_had_before) {
  FakeMachine fake;
  fake.online("0-1");
  for (const char* cpu : {"0", "1"}) {
    fake.write(std::string("sys/devices/system/cpu/cpu") + cpu + "/topology/thread_siblings_list",
               "0-1");
  }
  EXPECT_EQ(column(fake.read("0-1"), &Place::core), (std::vector{0, 0}));
}

TEST(CpuTopology, leaves_out_what_is_offline_or_not_allowed) {
  FakeMachine fake;
  fake.online("0-3,8");
  const Machine machine = fake.read("2-5,8");
  EXPECT_EQ(column(machine, &Place::cpu), (std::vector{2, 3, 8}));
  EXPECT_EQ(machine.cpus_online, 5u);
}

TEST(CpuTopology, without_a_mask_is_of_all_that_is_online) {
  FakeMachine fake;
  fake.online("0,2");
  EXPECT_EQ(column(fake.read(""), &Place::cpu), (std::vector{0, 2}));
}

TEST(CpuTopology, of_a_kernel_that_tells_nothing_is_the_mask) {
  const Machine machine = FakeMachine().read("0,3");
  EXPECT_EQ(column(machine, &Place::cpu), (std::vector{0, 3}));
  EXPECT_EQ(column(machine, &Place::core), (std::vector{0, 3}));
  EXPECT_EQ(machine.cpus_online, 2u);
}

TEST(CpuTopology, reads_lists_of_any_length) {
  FakeMachine fake;
  std::string even;
  for (int cpu = 0; cpu < 2000; cpu += 2) even += (cpu == 0 ? "" : ",") + std::to_string(cpu);
  fake.online(even);
  EXPECT_EQ(fake.read("").cpus_online, 1000u);
}

TEST(CpuTopology, has_nodes_with_gaps_and_nodes_without_cpus) {
  FakeMachine fake;
  fake.online("0-3");
  fake.nodes("0,2-3");
  fake.node(0, "0-1", "10 40 17");
  fake.node(2, "2-3", "40 10 28");
  fake.node(3, "", "17 28 10");  // memory alone
  const Machine machine = fake.read("0-3");
  EXPECT_EQ(column(machine, &Place::node), (std::vector{0, 0, 2, 2}));
  EXPECT_EQ(machine.distances.between(0, 2), 40u);
  EXPECT_EQ(machine.distances.between(2, 3), 28u);
  EXPECT_EQ(machine.distances.between(0, 1), 20u) << "not told";
}

TEST(CpuTopology, comes_with_the_quota) {
  FakeMachine fake;
  fake.quota("50000 100000");
  const Machine machine = fake.read("0");
  ASSERT_TRUE(machine.quota.has_value());
  EXPECT_EQ(machine.quota->cpus, 0.5);
}

TEST(CpuAffinity, names_a_cpu_beyond_the_first_word_of_a_mask) {
  for (const int cpu : {0, 1, 63, 64, 1023, 1024, 5000}) {
    EXPECT_EQ(cpus_of(mask_of(cpu)), std::vector{cpu});
  }
}

TEST(CpuAffinity, of_this_process_is_what_the_machine_offers) {
  const std::vector<int> allowed = allowed_cpus();
  ASSERT_FALSE(allowed.empty());
  EXPECT_TRUE(std::ranges::is_sorted(allowed));
  EXPECT_EQ(column(read_machine(), &Place::cpu), allowed);
}

TEST(CpuAffinity, a_pinned_thread_may_run_there_alone) {
  for (const int cpu : allowed_cpus()) {
    std::thread([cpu] {
      EXPECT_EQ(pin_this_thread(cpu), 0);
      EXPECT_EQ(allowed_cpus(), std::vector{cpu});
    }).join();
  }
}

TEST(CpuAffinity, a_cpu_that_does_not_exist_is_refused) {
  std::thread([] {
    const std::vector<int> before = allowed_cpus();
    EXPECT_EQ(pin_this_thread(60'000), EINVAL);
    EXPECT_EQ(allowed_cpus(), before);
  }).join();
}

}  // namespace
}  // namespace rota
