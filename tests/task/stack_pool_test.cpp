#include "task/stack_pool.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <string_view>
#include <vector>

namespace rota {
namespace {

constexpr StackPool::Limits kNarrow{.kept = 2, .by_protection = 3};
constexpr std::size_t kBytes = 64 * 1024;

class StackPoolTest : public testing::TestWithParam<StackGuard> {};
class StackPoolDeathTest : public StackPoolTest {};

TEST_P(StackPoolTest, a_stack_is_usable_to_its_lowest_byte) {
  StackPool pool(GetParam(), kNarrow);
  const StackMemory stack = pool.acquire(kBytes);
  EXPECT_EQ(stack.bytes, kBytes);
  stack.lowest[0] = std::byte{1};
  stack.lowest[stack.bytes - 1] = std::byte{1};
  EXPECT_EQ(pool.live(), 1u);
  pool.release(stack);
  EXPECT_EQ(pool.live(), 0u);
}

TEST_P(StackPoolDeathTest, the_byte_below_ends_the_process_also_on_a_used_stack) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  StackPool pool(GetParam(), kNarrow);
  for (int round = 0; round < 2; ++round) {
    const StackMemory stack = pool.acquire(kBytes);
    stack.lowest[0] = std::byte{1};
    EXPECT_DEATH(*(static_cast<volatile char*>(static_cast<void*>(stack.lowest)) - 1) = 1, "");
    pool.release(stack);
  }
}

TEST_P(StackPoolTest, what_comes_back_is_used_again_up_to_a_number) {
  StackPool pool(GetParam(), kNarrow);
  std::vector<StackMemory> stacks;
  for (int i = 0; i < 3; ++i) stacks.push_back(pool.acquire(kBytes));
  for (const StackMemory& stack : stacks) pool.release(stack);
  EXPECT_EQ(pool.kept(), 2u);
  const StackMemory again = pool.acquire(kBytes);
  EXPECT_EQ(again.lowest, stacks[1].lowest);
  EXPECT_EQ(pool.kept(), 1u);
  pool.release(again);
}

TEST_P(StackPoolTest, sizes_do_not_mix) {
  StackPool pool(GetParam(), kNarrow);
  pool.release(pool.acquire(kBytes));
  const StackMemory large = pool.acquire(kBytes + 1);
  EXPECT_EQ(large.bytes, 2 * kBytes);
  pool.release(large);
}

TEST(StackPoolLimit, guards_of_their_own_protection_are_counted) {
  StackPool pool(StackGuard::protection, kNarrow);
  std::vector<StackMemory> stacks;
  for (int i = 0; i < 3; ++i) stacks.push_back(pool.acquire(kBytes));
  try {
    stacks.push_back(pool.acquire(kBytes));
    ADD_FAILURE() << "a stack beyond the limit";
  } catch (const std::bad_alloc& error) {
    EXPECT_NE(std::string_view(error.what()).find("vm.max_map_count"), std::string_view::npos);
  }
  EXPECT_EQ(pool.live(), 3u);
  for (const StackMemory& stack : stacks) pool.release(stack);
  // One was unmapped, so one may be had beside those that are kept.
  stacks.clear();
  for (int i = 0; i < 3; ++i) stacks.push_back(pool.acquire(kBytes));
  for (const StackMemory& stack : stacks) pool.release(stack);
}

TEST(StackPoolLimit, what_cannot_be_mapped_is_refused_with_a_reason) {
  StackPool pool(StackGuard::installed, kNarrow);
  EXPECT_THROW(static_cast<void>(pool.acquire(std::size_t{1} << 50)), std::bad_alloc);
  EXPECT_EQ(pool.live(), 0u);
}

std::string name_of(const testing::TestParamInfo<StackGuard>& guard) {
  return guard.param == StackGuard::installed ? "installed" : "protection";
}
INSTANTIATE_TEST_SUITE_P(Guards, StackPoolTest,
                         testing::Values(StackGuard::installed, StackGuard::protection), name_of);
INSTANTIATE_TEST_SUITE_P(Guards, StackPoolDeathTest,
                         testing::Values(StackGuard::installed, StackGuard::protection), name_of);

}  // namespace
}  // namespace rota
