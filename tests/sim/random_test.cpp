#include "base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace rota {
namespace {

// The first numbers of the authors' C programs: splitmix64 from 0 gives the state, xoshiro256**
// the sequence.
TEST(Random, FollowsThePublishedSequence) {
  Random random(0);
  EXPECT_EQ(random.next(), 0x99ec5f36cb75f2b4u);
  EXPECT_EQ(random.next(), 0xbf6e1f784956452au);
  EXPECT_EQ(random.next(), 0x1a5f849d4933e6e0u);
}

TEST(Random, StaysBelowItsBoundAndReachesEveryValue) {
  Random random(7);
  std::array<int, 10> seen{};
  for (int i = 0; i < 10'000; ++i) seen.at(random.below(10)) += 1;
  EXPECT_GT(*std::ranges::min_element(seen), 800);
  EXPECT_LT(*std::ranges::max_element(seen), 1200);
}

TEST(Random, ShuffleKeepsEveryItemAndMovesThem) {
  std::array<int, 32> items{};
  std::iota(items.begin(), items.end(), 0);
  const auto before = items;
  Random random(11);
  random.shuffle(std::span<int>(items));
  EXPECT_NE(items, before);
  std::ranges::sort(items);
  EXPECT_EQ(items, before);
}

TEST(Random, ChanceOfNothingAndOfEverythingAreCertain) {
  Random random(13);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(random.chance(0));
    EXPECT_TRUE(random.chance(1000));
  }
}

}  // namespace
}  // namespace rota
