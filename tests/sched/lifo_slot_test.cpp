#include "sched/lifo_slot.hpp"

#include <rota/core/platform.hpp>

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace rota {
namespace {

struct Once {
  int runs = 0;
};

TEST(LifoSlotTest, gives_back_what_it_displaces) {
  LifoSlot<Once> slot;
  Once first;
  Once second;
  EXPECT_TRUE(slot.empty());
  EXPECT_EQ(slot.take(), nullptr);
  EXPECT_EQ(slot.put(first), nullptr);
  EXPECT_FALSE(slot.empty());
  EXPECT_EQ(slot.put(second), &first);
  EXPECT_EQ(slot.take(), &second);
  EXPECT_TRUE(slot.empty());
}

TEST(LifoSlotTest, is_empty_after_a_theft) {
  LifoSlot<Once> slot;
  Once item;
  EXPECT_EQ(slot.steal(), nullptr);
  EXPECT_EQ(slot.put(item), nullptr);
  EXPECT_EQ(slot.steal(), &item);
  EXPECT_EQ(slot.steal(), nullptr);
  EXPECT_EQ(slot.take(), nullptr);
  EXPECT_EQ(slot.put(item), nullptr);
}

/// Whoever gets an item counts it with a plain write, which the thread sanitizer watches.
TEST(LifoSlotTest, every_item_runs_once_under_two_thieves) {
  constexpr std::size_t kItems = address_sanitizer || thread_sanitizer ? 200'000 : 2'000'000;
  LifoSlot<Once> slot;
  std::vector<Once> items(kItems);
  std::atomic<bool> over{false};
  const auto run = [](Once* item) {
    if (item != nullptr) item->runs += 1;
  };
  std::vector<std::thread> thieves;
  for (int thief = 0; thief < 2; ++thief) {
    thieves.emplace_back([&] {
      while (!over.load(std::memory_order_relaxed)) run(slot.steal());
    });
  }
  Random random(1);
  for (Once& item : items) {
    run(slot.put(item));
    if (random.chance(500)) run(slot.take());
  }
  run(slot.take());
  over.store(true);
  for (std::thread& thief : thieves) thief.join();
  for (const Once& item : items) ASSERT_EQ(item.runs, 1);
}

}  // namespace
}  // namespace rota
