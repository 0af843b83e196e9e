#include <rota/core/list.hpp>

#include <gtest/gtest.h>

#include <array>
#include <utility>
#include <vector>

namespace rota {
namespace {

struct Node {
  Node* next = nullptr;
  Node* prev = nullptr;
  int value = 0;
};

/// Nodes with the values 0 to N - 1.
template <std::size_t N>
std::array<Node, N> numbered() {
  std::array<Node, N> nodes;
  for (std::size_t i = 0; i < N; ++i) nodes[i].value = static_cast<int>(i);
  return nodes;
}

template <class List>
std::vector<int> drained(List& list) {
  std::vector<int> values;
  while (Node* node = list.pop_front()) values.push_back(node->value);
  return values;
}

using Values = std::vector<int>;

TEST(FifoListTest, gives_back_in_the_order_of_pushes) {
  auto nodes = numbered<3>();
  FifoList<Node> list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.pop_front(), nullptr);
  for (Node& node : nodes) list.push_back(node);
  EXPECT_FALSE(list.empty());
  EXPECT_EQ(list.front(), nodes.data());
  EXPECT_EQ(drained(list), (Values{0, 1, 2}));
  EXPECT_TRUE(list.empty());
}

TEST(FifoListTest, is_usable_again_after_it_ran_empty) {
  auto nodes = numbered<2>();
  FifoList<Node> list;
  list.push_back(nodes[0]);
  EXPECT_EQ(list.pop_front(), &nodes[0]);
  list.push_back(nodes[1]);
  list.push_back(nodes[0]);
  EXPECT_EQ(drained(list), (Values{1, 0}));
}

TEST(FifoListTest, push_cuts_a_node_off_from_what_followed_it_elsewhere) {
  auto nodes = numbered<2>();
  nodes[0].next = &nodes[1];
  FifoList<Node> list;
  list.push_back(nodes[0]);
  EXPECT_EQ(drained(list), (Values{0}));
}

TEST(FifoListTest, appends_a_whole_list_and_empties_it) {
  auto nodes = numbered<4>();
  FifoList<Node> first;
  FifoList<Node> second;
  first.push_back(nodes[0]);
  second.push_back(nodes[1]);
  second.push_back(nodes[2]);
  first.append(std::move(second));
  first.append(FifoList<Node>());
  first.push_back(nodes[3]);
  EXPECT_EQ(drained(first), (Values{0, 1, 2, 3}));

  second.push_back(nodes[3]);
  EXPECT_EQ(drained(second), (Values{3}));
}

TEST(FifoListTest, appends_to_an_empty_list) {
  auto nodes = numbered<2>();
  FifoList<Node> first;
  FifoList<Node> second;
  second.push_back(nodes[0]);
  first.append(std::move(second));
  first.push_back(nodes[1]);
  EXPECT_EQ(drained(first), (Values{0, 1}));
}

TEST(FifoListTest, a_move_leaves_an_empty_list_behind) {
  auto nodes = numbered<3>();
  FifoList<Node> list;
  list.push_back(nodes[0]);
  list.push_back(nodes[1]);
  FifoList<Node> moved = std::move(list);
  list.push_back(nodes[2]);
  EXPECT_EQ(drained(moved), (Values{0, 1}));
  moved = std::move(list);
  EXPECT_EQ(drained(moved), (Values{2}));
}

TEST(LinkedListTest, gives_back_in_the_order_of_pushes) {
  auto nodes = numbered<4>();
  LinkedList<Node> list;
  EXPECT_EQ(list.pop_front(), nullptr);
  for (Node& node : nodes) list.push_back(node);
  EXPECT_EQ(list.front(), nodes.data());
  EXPECT_EQ(drained(list), (Values{0, 1, 2, 3}));
  EXPECT_TRUE(list.empty());
}

TEST(LinkedListTest, a_node_leaves_from_any_place) {
  for (std::size_t leaver = 0; leaver < 3; ++leaver) {
    auto nodes = numbered<4>();
    LinkedList<Node> list;
    for (std::size_t i = 0; i < 3; ++i) list.push_back(nodes[i]);
    list.remove(nodes[leaver]);
    EXPECT_EQ(nodes[leaver].next, nullptr);
    EXPECT_EQ(nodes[leaver].prev, nullptr);
    list.push_back(nodes[3]);
    Values expected;
    for (std::size_t i = 0; i < 4; ++i) {
      if (i != leaver) expected.push_back(static_cast<int>(i));
    }
    EXPECT_EQ(drained(list), expected) << "without " << leaver;
  }
}

TEST(LinkedListTest, the_only_node_leaves) {
  auto nodes = numbered<1>();
  LinkedList<Node> list;
  list.push_back(nodes[0]);
  list.remove(nodes[0]);
  EXPECT_TRUE(list.empty());
  list.push_back(nodes[0]);
  EXPECT_EQ(drained(list), (Values{0}));
}

TEST(LinkedListTest, the_last_node_leaves_and_another_takes_its_place) {
  auto nodes = numbered<3>();
  LinkedList<Node> list;
  list.push_back(nodes[0]);
  list.push_back(nodes[1]);
  list.remove(nodes[1]);
  EXPECT_EQ(list.single(), nodes.data());
  list.push_back(nodes[2]);
  EXPECT_EQ(list.single(), nullptr);
  EXPECT_EQ(drained(list), (Values{0, 2}));
}

TEST(LinkedListTest, appends_to_an_empty_list_and_goes_on) {
  auto nodes = numbered<3>();
  LinkedList<Node> first;
  LinkedList<Node> second;
  second.push_back(nodes[0]);
  second.push_back(nodes[1]);
  first.append(std::move(second));
  first.append(LinkedList<Node>());
  first.push_back(nodes[2]);
  EXPECT_EQ(drained(first), (Values{0, 1, 2}));
}

TEST(LinkedListTest, appends_a_whole_list_and_empties_it) {
  auto nodes = numbered<3>();
  LinkedList<Node> first;
  LinkedList<Node> second;
  first.push_back(nodes[0]);
  second.push_back(nodes[1]);
  second.push_back(nodes[2]);
  first.append(std::move(second));
  EXPECT_TRUE(second.empty());
  first.remove(nodes[1]);
  EXPECT_EQ(drained(first), (Values{0, 2}));
}

TEST(LinkedListTest, a_move_leaves_an_empty_list_behind) {
  auto nodes = numbered<2>();
  LinkedList<Node> list;
  list.push_back(nodes[0]);
  LinkedList<Node> moved = std::move(list);
  list.push_back(nodes[1]);
  EXPECT_EQ(drained(moved), (Values{0}));
  moved = std::move(list);
  EXPECT_EQ(drained(moved), (Values{1}));
}

}  // namespace
}  // namespace rota
