#include "sched/run_ring.hpp"

#include <rota/core/platform.hpp>

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

namespace rota {
namespace {

struct Numbered {
  Numbered* next = nullptr;
  int number = 0;
};

std::vector<Numbered> numbered(std::size_t count) {
  std::vector<Numbered> items(count);
  for (std::size_t i = 0; i < count; ++i) items[i].number = static_cast<int>(i);
  return items;
}

template <class Ring>
std::vector<int> drained(Ring& ring) {
  std::vector<int> numbers;
  while (const Numbered* item = ring.pop()) numbers.push_back(item->number);
  return numbers;
}

using SmallRing = StealRing<Numbered, 8>;

TEST(RunRingTest, comes_out_in_the_order_in_which_it_went_in_and_refuses_when_full) {
  SmallRing ring;
  std::vector<Numbered> items = numbered(9);
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(ring.pop(), nullptr);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_TRUE(ring.try_push(items[i]));
  EXPECT_EQ(ring.size(), 8u);
  EXPECT_FALSE(ring.try_push(items[8]));
  EXPECT_EQ(drained(ring), (std::vector{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_TRUE(ring.empty());
}

TEST(RunRingTest, a_thief_runs_the_oldest_and_keeps_the_rest_of_the_older_half) {
  SmallRing victim;
  SmallRing mine;
  std::vector<Numbered> items = numbered(5);
  EXPECT_EQ(victim.steal_into(mine, StealAmount::half), nullptr);
  for (Numbered& item : items) ASSERT_TRUE(victim.try_push(item));
  EXPECT_EQ(victim.steal_into(mine, StealAmount::half), &items[0]);
  EXPECT_EQ(drained(mine), (std::vector{1, 2}));
  EXPECT_EQ(drained(victim), (std::vector{3, 4}));
}

TEST(RunRingTest, a_thief_of_one_takes_one) {
  SmallRing victim;
  SmallRing mine;
  std::vector<Numbered> items = numbered(3);
  for (Numbered& item : items) ASSERT_TRUE(victim.try_push(item));
  EXPECT_EQ(victim.steal_into(mine, StealAmount::one), &items[0]);
  EXPECT_TRUE(mine.empty());
  EXPECT_EQ(victim.size(), 2u);
}

TEST(RunRingTest, a_thief_whose_ring_is_full_takes_what_it_runs_at_once) {
  SmallRing victim;
  SmallRing mine;
  std::vector<Numbered> items = numbered(16);
  for (std::size_t i = 0; i < 8; ++i) ASSERT_TRUE(victim.try_push(items[i]));
  for (std::size_t i = 8; i < 15; ++i) ASSERT_TRUE(mine.try_push(items[i]));
  EXPECT_EQ(victim.steal_into(mine, StealAmount::half), &items[0]) << "one, and one to keep";
  EXPECT_EQ(victim.steal_into(mine, StealAmount::half), &items[2]) << "one alone";
  EXPECT_EQ(drained(victim), (std::vector{3, 4, 5, 6, 7}));
  EXPECT_EQ(drained(mine), (std::vector{8, 9, 10, 11, 12, 13, 14, 1}));
}

/// Two rings beside two std::deque through random operations; indices wrap on the way.
template <std::uint32_t capacity>
class RingComparison {
 public:
  explicit RingComparison(std::uint64_t seed) : random_(seed), items_(numbered(4 * capacity)) {
    for (Numbered& item : items_) idle_.push_back(&item);
  }

  void run(int operations) {
    for (int i = 0; i < operations && !testing::Test::HasFailure(); ++i) {
      const std::uint32_t side = random_.below(2);
      switch (random_.below(7)) {
        case 0: steal(side, StealAmount::half); break;
        case 1: steal(side, StealAmount::one); break;
        case 2:
        case 3: pop(side); break;
        default: push(side);
      }
      ASSERT_EQ(rings_[side].size(), oracles_[side].size());
      ASSERT_EQ(rings_[side].empty(), oracles_[side].empty());
    }
  }

 private:
  using Oracle = std::deque<Numbered*>;

  void push(std::uint32_t side) {
    Numbered* item = idle_.front();
    const bool fits = oracles_[side].size() < capacity;
    ASSERT_EQ(rings_[side].try_push(*item), fits);
    if (!fits) return;
    idle_.pop_front();
    oracles_[side].push_back(item);
  }

  Numbered* next_of(Oracle& oracle) {
    if (oracle.empty()) return nullptr;
    Numbered* item = oracle.front();
    oracle.pop_front();
    return item;
  }

  void expect_out(Numbered* item, Oracle& oracle) {
    ASSERT_EQ(item, next_of(oracle));
    if (item != nullptr) idle_.push_back(item);
  }

  void pop(std::uint32_t side) { expect_out(rings_[side].pop(), oracles_[side]); }

  void steal(std::uint32_t side, StealAmount amount) {
    Oracle& victim = oracles_[side];
    Oracle& mine = oracles_[1 - side];
    const std::size_t half = amount == StealAmount::one ? 1 : (victim.size() + 1) / 2;
    const std::size_t kept = std::min(std::max<std::size_t>(half, 1) - 1, capacity - mine.size());
    Numbered* oldest = rings_[side].steal_into(rings_[1 - side], amount);
    expect_out(oldest, victim);
    if (oldest == nullptr) return;
    for (std::size_t i = 0; i < kept; ++i) mine.push_back(next_of(victim));
  }

  Random random_;
  std::vector<Numbered> items_;
  std::deque<Numbered*> idle_;
  StealRing<Numbered, capacity> rings_[2] = {StealRing<Numbered, capacity>(UINT32_MAX - 1'000),
                                             StealRing<Numbered, capacity>(UINT32_MAX - 3)};
  Oracle oracles_[2];
};

constexpr int kRingOperations = address_sanitizer || thread_sanitizer ? 100'000 : 1'000'000;

TEST(RunRingTest, agrees_with_a_deque_through_a_million_operations) {
  std::make_unique<RingComparison<2>>(1)->run(kRingOperations);
  std::make_unique<RingComparison<8>>(2)->run(kRingOperations);
  std::make_unique<RingComparison<256>>(3)->run(kRingOperations);
}

/// Every item goes through a ring once; whoever gets it counts it, with a plain write that the
/// thread sanitizer watches.
template <std::uint32_t capacity>
class RingStorm {
 public:
  explicit RingStorm(std::size_t items) : items_(numbered(items)), runs_(items) {}

  void run(std::uint64_t seed) {
    std::vector<std::thread> thieves;
    for (std::size_t thief = 0; thief < kThieves; ++thief) {
      thieves.emplace_back([this, thief, seed] { steal_until_over(thief, seed + thief); });
    }
    own(seed);
    over_.store(true);
    for (std::thread& thief : thieves) thief.join();
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      ASSERT_EQ(runs_[i], 1) << "item " << i << " ran that often";
    }
    EXPECT_TRUE(ring_.empty());
  }

 private:
  static constexpr std::size_t kThieves = 3;

  void count(const Numbered* item) { runs_[static_cast<std::size_t>(item->number)] += 1; }

  void own(std::uint64_t seed) {
    Random random(seed);
    for (Numbered& item : items_) {
      if (!ring_.try_push(item)) count(&item);
      if (random.chance(300)) {
        if (const Numbered* oldest = ring_.pop()) count(oldest);
      }
    }
    while (const Numbered* oldest = ring_.pop()) count(oldest);
  }

  void steal_until_over(std::size_t thief, std::uint64_t seed) {
    Random random(seed);
    StealRing<Numbered, capacity>& mine = rings_[thief];
    while (!over_.load()) {
      StealRing<Numbered, capacity>& victim =
          random.chance(700) ? ring_ : rings_[(thief + 1) % kThieves];
      const StealAmount amount = random.chance(500) ? StealAmount::half : StealAmount::one;
      if (const Numbered* oldest = victim.steal_into(mine, amount)) count(oldest);
      if (random.chance(500)) continue;  // What lies in `mine` is for the next thief.
      while (const Numbered* oldest = mine.pop()) count(oldest);
    }
    while (const Numbered* oldest = mine.pop()) count(oldest);
  }

  std::vector<Numbered> items_;
  std::vector<int> runs_;
  StealRing<Numbered, capacity> ring_{UINT32_MAX - 1'000};
  StealRing<Numbered, capacity> rings_[kThieves];
  std::atomic<bool> over_{false};
};

constexpr std::size_t kRingStormItems = address_sanitizer || thread_sanitizer ? 100'000 : 1'000'000;

TEST(RunRingTest, every_item_runs_once_under_three_thieves) {
  std::make_unique<RingStorm<4>>(kRingStormItems)->run(1);
  std::make_unique<RingStorm<256>>(kRingStormItems)->run(2);
}

}  // namespace
}  // namespace rota
