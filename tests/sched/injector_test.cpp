#include "sched/injector.hpp"

#include <rota/core/platform.hpp>
#include <rota/core/runnable.hpp>

#include "base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

namespace rota {
namespace {

struct Node {
  Node* next = nullptr;
  std::size_t poster = 0;
  std::size_t number = 0;
};

std::vector<std::size_t> numbers_of(FifoList<Node> nodes) {
  std::vector<std::size_t> numbers;
  while (const Node* node = nodes.pop_front()) numbers.push_back(node->number);
  return numbers;
}

std::vector<Node> numbered_nodes(std::size_t count) {
  std::vector<Node> nodes(count);
  for (std::size_t i = 0; i < count; ++i) nodes[i].number = i;
  return nodes;
}

TEST(InjectorTest, gives_at_most_what_was_asked_for_oldest_first) {
  Injector<Node> injector;
  std::vector<Node> nodes = numbered_nodes(5);
  EXPECT_TRUE(injector.empty());
  EXPECT_TRUE(injector.take(8).empty());
  for (Node& node : nodes) injector.push(node);
  EXPECT_EQ(injector.size(), 5u);
  EXPECT_EQ(numbers_of(injector.take(2)), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(injector.size(), 3u);
  EXPECT_TRUE(injector.take(0).empty());
  EXPECT_EQ(numbers_of(injector.take(8)), (std::vector<std::size_t>{2, 3, 4}));
  EXPECT_TRUE(injector.empty());
}

TEST(InjectorTest, stands_on_lines_of_its_own) {
  EXPECT_EQ(alignof(Injector<Runnable>), 128u);
  EXPECT_EQ(sizeof(Injector<Runnable>), 128u);
}

TEST(InjectorTest, agrees_with_a_deque_through_random_operations) {
  Random random(1);
  Injector<Node> injector;
  std::vector<Node> nodes = numbered_nodes(64);
  std::deque<Node*> idle;
  std::deque<Node*> oracle;
  for (Node& node : nodes) idle.push_back(&node);
  for (int i = 0; i < 200'000; ++i) {
    if (random.chance(500)) {
      const std::size_t count = std::min<std::size_t>(random.below(4), idle.size());
      for (std::size_t k = 0; k < count; ++k) {
        injector.push(*idle.front());
        oracle.push_back(idle.front());
        idle.pop_front();
      }
    } else {
      const std::size_t at_most = random.below(5);
      FifoList<Node> taken = injector.take(at_most);
      for (std::size_t k = std::min(at_most, oracle.size()); k > 0; --k) {
        Node* expected = oracle.front();
        oracle.pop_front();
        idle.push_back(expected);
        ASSERT_EQ(taken.pop_front(), expected);
      }
      ASSERT_TRUE(taken.empty());
    }
    ASSERT_EQ(injector.size(), oracle.size());
  }
}

/// Takers see the nodes of each poster in its order, since what one take gives is in order and no
/// taker is given what lies behind another one's.
TEST(InjectorTest, every_node_comes_out_once_and_in_the_order_of_its_poster) {
  constexpr std::size_t kPosters = 2;
  constexpr std::size_t kTakers = 2;
  constexpr std::size_t kEach = address_sanitizer || thread_sanitizer ? 50'000 : 300'000;
  Injector<Node> injector;
  std::vector<std::vector<Node>> nodes;
  for (std::size_t poster = 0; poster < kPosters; ++poster) {
    nodes.push_back(numbered_nodes(kEach));
    for (Node& node : nodes.back()) node.poster = poster;
  }
  std::atomic<std::size_t> taken{0};
  std::atomic<std::size_t> out_of_order{0};
  const auto post = [&](std::vector<Node>& mine) {
    for (Node& node : mine) injector.push(node);
  };
  const auto take = [&](std::uint64_t seed) {
    Random random(seed);
    std::vector<std::size_t> next(kPosters, 0);
    while (taken.load(std::memory_order_relaxed) < kPosters * kEach) {
      FifoList<Node> batch = injector.take(1 + random.below(8));
      while (const Node* node = batch.pop_front()) {
        if (node->number < next[node->poster]) out_of_order.fetch_add(1);
        next[node->poster] = node->number + 1;
        taken.fetch_add(1, std::memory_order_relaxed);
      }
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kPosters; ++i) {
    threads.emplace_back([&, i] { post(nodes[i]); });
  }
  for (std::size_t i = 0; i < kTakers; ++i) {
    threads.emplace_back([&, i] { take(11 + i); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken.load(), kPosters * kEach);
  EXPECT_EQ(out_of_order.load(), 0u);
  EXPECT_TRUE(injector.empty());
}

}  // namespace
}  // namespace rota
