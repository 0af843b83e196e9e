#include "sched/run_ring.hpp"

#include <rota/core/platform.hpp>

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

namespace rota {
namespace {

struct Item {
  Item* next = nullptr;
  int number = 0;
};

std::vector<Item> numbered_items(std::size_t count) {
  std::vector<Item> items(count);
  for (std::size_t i = 0; i < count; ++i) items[i].number = static_cast<int>(i);
  return items;
}

template <class Ring>
std::vector<int> drained(Ring& ring) {
  std::vector<int> numbers;
  while (const Item* item = ring.pop()) numbers.push_back(item->number);
  return numbers;
}

using SmallRing = StealRing<Item, 8>;

TEST(RunRingTest, comes_out_in_the_order_in_which_it_went_in_and_refuses_when_full) {
  SmallRing ring;
  std::vector<Item> items = numbered_items(9);
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(ring.pop(), nullptr);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_TRUE(ring.try_push(items[i]));
  EXPECT_EQ(ring.size(), 8u);
  EXPECT_FALSE(ring.try_push(items[8]));
  EXPECT_EQ(drained(ring), (std::vector{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_TRUE(ring.empty());
}

TEST(RunRingTest, a_full_ring_gives_its_older_half_away) {
  SmallRing ring;
  std::vector<Item> items = numbered_items(9);
  for (std::size_t i = 0; i < 8; ++i) ASSERT_TRUE(ring.try_push(items[i]));
  FifoList<Item> out;
  EXPECT_EQ(ring.take_half(out), 4u);
  for (int expected = 0; expected < 4; ++expected) {
    const Item* item = out.pop_front();
    ASSERT_NE(item, nullptr);
    EXPECT_EQ(item->number, expected);
  }
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(ring.try_push(items[8]));
  EXPECT_EQ(drained(ring), (std::vector{4, 5, 6, 7, 8}));
}

TEST(RunRingTest, a_thief_runs_the_oldest_and_keeps_the_rest_of_the_older_half) {
  SmallRing victim;
  SmallRing mine;
  std::vector<Item> items = numbered_items(5);
  EXPECT_EQ(victim.steal_into(mine, StealAmount::half), nullptr);
  for (Item& item : items) ASSERT_TRUE(victim.try_push(item));
  EXPECT_EQ(victim.steal_into(mine, StealAmount::half), &items[0]);
  EXPECT_EQ(drained(mine), (std::vector{1, 2}));
  EXPECT_EQ(drained(victim), (std::vector{3, 4}));
}

TEST(RunRingTest, a_thief_of_one_takes_one) {
  SmallRing victim;
  SmallRing mine;
  std::vector<Item> items = numbered_items(3);
  for (Item& item : items) ASSERT_TRUE(victim.try_push(item));
  EXPECT_EQ(victim.steal_into(mine, StealAmount::one), &items[0]);
  EXPECT_TRUE(mine.empty());
  EXPECT_EQ(victim.size(), 2u);
}

TEST(RunRingTest, a_thief_whose_ring_is_full_takes_what_it_runs_at_once) {
  SmallRing victim;
  SmallRing mine;
  std::vector<Item> items = numbered_items(16);
  for (std::size_t i = 0; i < 8; ++i) ASSERT_TRUE(victim.try_push(items[i]));
  for (std::size_t i = 8; i < 15; ++i) ASSERT_TRUE(mine.try_push(items[i]));
  EXPECT_EQ(victim.steal_into(mine, StealAmount::half), &items[0]) << "one, and one to keep";
  EXPECT_EQ(victim.steal_into(mine, StealAmount::half), &items[2]) << "one alone";
  EXPECT_EQ(drained(victim), (std::vector{3, 4, 5, 6, 7}));
  EXPECT_EQ(drained(mine), (std::vector{8, 9, 10, 11, 12, 13, 14, 1}));
}

/// Two rings beside two std::deque through random operations; indices wrap on the way.
template <std::uint32_t capacity>
class Comparison {
 public:
  explicit Comparison(std::uint64_t seed) : random_(seed), items_(numbered_items(4 * capacity)) {
    for (Item& item : items_) idle_.push_back(&item);
  }

  void run(int operations) {
    for (int i = 0; i < operations && !testing::Test::HasFailure(); ++i) {
      const std::uint32_t side = random_.below(2);
      switch (random_.below(8)) {
        case 0: steal(side, StealAmount::half); break;
        case 1: steal(side, StealAmount::one); break;
        case 2: take_half(side); break;
        case 3:
        case 4: pop(side); break;
        default: push(side);
      }
      ASSERT_EQ(rings_[side].size(), oracles_[side].size());
      ASSERT_EQ(rings_[side].empty(), oracles_[side].empty());
    }
  }

 private:
  using Oracle = std::deque<Item*>;

  void push(std::uint32_t side) {
    Item* item = idle_.front();
    const bool fits = oracles_[side].size() < capacity;
    ASSERT_EQ(rings_[side].try_push(*item), fits);
    if (!fits) return;
    idle_.pop_front();
    oracles_[side].push_back(item);
  }

  Item* next_of(Oracle& oracle) {
    if (oracle.empty()) return nullptr;
    Item* item = oracle.front();
    oracle.pop_front();
    return item;
  }

  void expect_out(Item* item, Oracle& oracle) {
    ASSERT_EQ(item, next_of(oracle));
    if (item != nullptr) idle_.push_back(item);
  }

  void pop(std::uint32_t side) { expect_out(rings_[side].pop(), oracles_[side]); }

  void take_half(std::uint32_t side) {
    FifoList<Item> out;
    const std::size_t expected = oracles_[side].size() / 2;
    ASSERT_EQ(rings_[side].take_half(out), expected);
    for (std::size_t i = 0; i < expected; ++i) expect_out(out.pop_front(), oracles_[side]);
    ASSERT_TRUE(out.empty());
  }

  void steal(std::uint32_t side, StealAmount amount) {
    Oracle& victim = oracles_[side];
    Oracle& mine = oracles_[1 - side];
    const std::size_t half = amount == StealAmount::one ? 1 : (victim.size() + 1) / 2;
    const std::size_t kept = std::min(std::max<std::size_t>(half, 1) - 1, capacity - mine.size());
    Item* oldest = rings_[side].steal_into(rings_[1 - side], amount);
    expect_out(oldest, victim);
    if (oldest == nullptr) return;
    for (std::size_t i = 0; i < kept; ++i) mine.push_back(next_of(victim));
  }

  Random random_;
  std::vector<Item> items_;
  std::deque<Item*> idle_;
  StealRing<Item, capacity> rings_[2] = {StealRing<Item, capacity>(UINT32_MAX - 1'000),
                                         StealRing<Item, capacity>(UINT32_MAX - 3)};
  Oracle oracles_[2];
};

constexpr int kOperations = address_sanitizer || thread_sanitizer ? 100'000 : 1'000'000;

TEST(RunRingTest, agrees_with_a_deque_through_a_million_operations) {
  std::make_unique<Comparison<2>>(1)->run(kOperations);
  std::make_unique<Comparison<8>>(2)->run(kOperations);
  std::make_unique<Comparison<256>>(3)->run(kOperations);
}

/// Every item goes through a ring once; whoever gets it counts it, with a plain write that the
/// thread sanitizer watches.
template <std::uint32_t capacity>
class Storm {
 public:
  explicit Storm(std::size_t items) : items_(numbered_items(items)), runs_(items) {}

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

  void count(const Item* item) { runs_[static_cast<std::size_t>(item->number)] += 1; }

  void own(std::uint64_t seed) {
    Random random(seed);
    for (Item& item : items_) {
      if (!ring_.try_push(item)) overflow(item);
      if (random.chance(300)) {
        if (const Item* oldest = ring_.pop()) count(oldest);
      }
    }
    while (const Item* oldest = ring_.pop()) count(oldest);
  }

  void overflow(const Item& item) {
    FifoList<Item> out;
    const std::uint32_t taken = ring_.take_half(out);
    std::uint32_t found = 0;
    while (const Item* oldest = out.pop_front()) {
      count(oldest);
      ++found;
    }
    EXPECT_EQ(found, taken);
    count(&item);
  }

  void steal_until_over(std::size_t thief, std::uint64_t seed) {
    Random random(seed);
    StealRing<Item, capacity>& mine = rings_[thief];
    while (!over_.load()) {
      StealRing<Item, capacity>& victim =
          random.chance(700) ? ring_ : rings_[(thief + 1) % kThieves];
      const StealAmount amount = random.chance(500) ? StealAmount::half : StealAmount::one;
      if (const Item* oldest = victim.steal_into(mine, amount)) count(oldest);
      if (random.chance(500)) continue;  // What lies in `mine` is for the next thief.
      while (const Item* oldest = mine.pop()) count(oldest);
    }
    while (const Item* oldest = mine.pop()) count(oldest);
  }

  std::vector<Item> items_;
  std::vector<int> runs_;
  StealRing<Item, capacity> ring_{UINT32_MAX - 1'000};
  StealRing<Item, capacity> rings_[kThieves];
  std::atomic<bool> over_{false};
};

constexpr std::size_t kStormItems = address_sanitizer || thread_sanitizer ? 100'000 : 1'000'000;

TEST(RunRingTest, every_item_runs_once_under_three_thieves) {
  std::make_unique<Storm<4>>(kStormItems)->run(1);
  std::make_unique<Storm<256>>(kStormItems)->run(2);
}

}  // namespace
}  // namespace rota
