#include <rota/core/platform.hpp>
#include <rota/core/work_deque.hpp>

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

struct Forked {
  int runs = 0;
};

TEST(WorkDequeTest, the_owner_takes_the_newest_and_a_thief_the_oldest) {
  WorkDeque<Forked, 4> deque;
  std::vector<Forked> items(3);
  EXPECT_TRUE(deque.empty());
  EXPECT_EQ(deque.take(), nullptr);
  EXPECT_EQ(deque.steal(), nullptr);
  for (Forked& item : items) deque.push(item);
  EXPECT_EQ(deque.size(), 3u);
  EXPECT_EQ(deque.steal(), &items[0]);
  EXPECT_EQ(deque.take(), &items[2]);
  EXPECT_EQ(deque.take(), &items[1]);
  EXPECT_EQ(deque.take(), nullptr);
  EXPECT_TRUE(deque.empty());
}

TEST(WorkDequeTest, grows_and_keeps_its_order) {
  WorkDeque<Forked, 2> deque;
  std::vector<Forked> items(1'000);
  for (Forked& item : items) deque.push(item);
  EXPECT_EQ(deque.size(), items.size());
  for (std::size_t i = 0; i < 500; ++i) ASSERT_EQ(deque.steal(), &items[i]);
  for (std::size_t i = 1'000; i > 500; --i) ASSERT_EQ(deque.take(), &items[i - 1]);
  EXPECT_TRUE(deque.empty());
}

TEST(WorkDequeTest, what_thieves_move_stands_apart_from_what_the_owner_does) {
  EXPECT_EQ(alignof(WorkDeque<Forked>), 128u);
  EXPECT_EQ(sizeof(WorkDeque<Forked>), 3 * 128 + 256 * sizeof(void*));
}

TEST(WorkDequeTest, agrees_with_a_deque_through_a_million_operations) {
  constexpr int kOperations = address_sanitizer || thread_sanitizer ? 100'000 : 1'000'000;
  Random random(1);
  WorkDeque<Forked, 2> deque;
  std::deque<Forked*> oracle;
  std::vector<Forked> items(4'096);
  for (int i = 0; i < kOperations; ++i) {
    // Phases in which it fills and in which it empties, so that it grows and goes round.
    const bool fills = i / 2'000 % 2 == 0;
    if (random.chance(fills ? 600 : 350)) {
      if (oracle.size() == items.size()) continue;
      Forked& item = items[random.below(4'096)];
      deque.push(item);
      oracle.push_back(&item);
    } else if (random.chance(500)) {
      Forked* expected = oracle.empty() ? nullptr : oracle.back();
      if (!oracle.empty()) oracle.pop_back();
      ASSERT_EQ(deque.take(), expected);
    } else {
      Forked* expected = oracle.empty() ? nullptr : oracle.front();
      if (!oracle.empty()) oracle.pop_front();
      ASSERT_EQ(deque.steal(), expected);
    }
    ASSERT_EQ(deque.size(), oracle.size());
  }
}

/// The owner forks and joins at random depth under three thieves. Whoever gets an item counts it
/// with a plain write, which the thread sanitizer watches.
TEST(WorkDequeTest, every_item_runs_once_under_three_thieves) {
  constexpr std::size_t kItems = address_sanitizer || thread_sanitizer ? 100'000 : 1'000'000;
  auto deque = std::make_unique<WorkDeque<Forked, 2>>();
  std::vector<Forked> items(kItems);
  std::atomic<bool> over{false};
  std::atomic<std::size_t> thefts{0};
  std::vector<std::thread> thieves;
  for (int thief = 0; thief < 3; ++thief) {
    thieves.emplace_back([&] {
      while (!over.load(std::memory_order_relaxed)) {
        if (Forked* item = deque->steal()) {
          item->runs += 1;
          thefts.fetch_add(1, std::memory_order_relaxed);
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  Random random(1);
  for (std::size_t i = 0; i < kItems;) {
    for (std::uint32_t forks = 1 + random.below(6); forks > 0 && i < kItems; --forks, ++i) {
      deque->push(items[i]);
    }
    for (std::uint32_t joins = random.below(7); joins > 0; --joins) {
      if (Forked* item = deque->take()) item->runs += 1;
    }
  }
  while (Forked* item = deque->take()) item->runs += 1;
  over.store(true);
  for (std::thread& thief : thieves) thief.join();
  for (const Forked& item : items) ASSERT_EQ(item.runs, 1);
  RecordProperty("thefts", static_cast<int>(thefts.load()));
}

}  // namespace
}  // namespace rota
