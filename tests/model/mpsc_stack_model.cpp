#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/mpsc_stack.hpp>

#include <array>

namespace rota {
namespace {

using model::Failure;

struct Node {
  model::Plain<Node*> next{nullptr};
  model::Plain<int> payload{0};
};

enum class Bug { relaxed_push, push_without_compare, take_in_two_steps, order_kept_reversed };

// A copy of MpscStack with one fault planted.
template <Bug bug>
class BrokenStack {
 public:
  bool push(Node& node) {
    Node* head = head_.load(MemoryOrder::relaxed);
    if constexpr (bug == Bug::push_without_compare) {
      node.next = head;
      head_.exchange(&node, MemoryOrder::seq_cst);
      return head == nullptr;
    }
    constexpr auto order = bug == Bug::relaxed_push ? MemoryOrder::relaxed : MemoryOrder::seq_cst;
    do {
      node.next = head;
    } while (!head_.compare_exchange_weak(head, &node, order, MemoryOrder::relaxed));
    return head == nullptr;
  }

  Node* take_all() {
    Node* node = nullptr;
    if constexpr (bug == Bug::take_in_two_steps) {
      node = head_.load(MemoryOrder::acquire);
      head_.store(nullptr, MemoryOrder::relaxed);
    } else {
      node = head_.exchange(nullptr, MemoryOrder::acquire);
    }
    if constexpr (bug == Bug::order_kept_reversed) {
      return node;
    }
    Node* result = nullptr;
    while (node != nullptr) {
      Node* next = node->next;
      node->next = result;
      result = node;
      node = next;
    }
    return result;
  }

  [[nodiscard]] bool empty() const { return head_.load(MemoryOrder::seq_cst) == nullptr; }

 private:
  Atomic<Node*> head_{nullptr};
};

// Pushers with some nodes each, numbered 0, 1, ... and 10, 11, ...; main owns the stack.
template <class Stack, int pushers, int per_pusher>
void pushers_and_owner() {
  Stack stack;
  std::array<std::array<Node, per_pusher>, pushers> nodes;
  std::array<model::Plain<int>, pushers> found_empty;
  std::array<int, pushers> taken{};
  model::label(stack, "stack");
  model::label(nodes, "nodes");
  const auto push_all = [&](std::size_t pusher) {
    for (int i = 0; i < per_pusher; ++i) {
      Node& node = nodes[pusher][static_cast<std::size_t>(i)];
      node.payload = 10 * static_cast<int>(pusher) + i;
      found_empty[pusher] = found_empty[pusher] + (stack.push(node) ? 1 : 0);
    }
  };
  for (std::size_t p = 0; p < pushers; ++p) {
    model::spawn("pusher", [&push_all, p] { push_all(p); });
  }
  int batches = 0;
  for (int left = pushers * per_pusher; left > 0;) {
    model::wait_until([&stack] { return !stack.empty(); });
    ++batches;
    for (Node* node = stack.take_all(); node != nullptr; node = node->next) {
      int& next = taken[static_cast<std::size_t>(node->payload / 10)];
      model::check(node->payload % 10 == next, "each pusher's nodes come out in its order");
      ++next;
      --left;
      node->payload = 0;  // The owner may free a node: nobody else touches it any more.
    }
  }
  model::join_all();
  model::check(stack.empty(), "nothing comes out twice");
  for (const model::Plain<int>& found : found_empty) {
    batches -= found;
  }
  model::check(batches == 0, "one push per batch found the stack empty");
}

template <class Stack>
constexpr auto two_pushers = pushers_and_owner<Stack, 2, 2>;

void chain_and_single() {
  MpscStack<Node> stack;
  std::array<Node, 4> nodes;
  for (int i = 0; i < 4; ++i) {
    nodes[static_cast<std::size_t>(i)].payload = i;
  }
  model::Thread chains = model::spawn("chains", [&] {
    nodes[2].next = &nodes[1];
    nodes[1].next = &nodes[0];
    stack.push_chain(nodes[2], nodes[0]);
  });
  model::Thread single = model::spawn("single", [&] { stack.push(nodes[3]); });
  std::array<int, 4> order{};
  std::size_t taken = 0;
  while (taken < 4) {
    model::wait_until([&stack] { return !stack.empty(); });
    for (Node* node = stack.take_all(); node != nullptr; node = node->next) {
      order[taken] = node->payload;
      ++taken;
    }
  }
  chains.join();
  single.join();
  model::check(order == std::array{0, 1, 2, 3} || order == std::array{3, 0, 1, 2},
               "a chain comes out whole and in its order");
}

TEST(mpsc_stack, loses_nothing_and_keeps_each_pushers_order) {
  model::expect_holds(model::explore({}, two_pushers<MpscStack<Node>>));
}

TEST(mpsc_stack, holds_for_four_pushers) {
  model::expect_holds_as_far_as_explored(
      model::explore_large({}, pushers_and_owner<MpscStack<Node>, 4, 1>));
}

TEST(mpsc_stack, holds_for_three_pushes_each) {
  model::expect_holds_as_far_as_explored(model::explore_large(
      {.preemptions = 4, .max_executions = 600'000}, pushers_and_owner<MpscStack<Node>, 2, 3>));
}

TEST(mpsc_stack, a_chain_comes_out_whole) {
  model::expect_holds(model::explore({}, chain_and_single));
}

TEST(mpsc_stack, planted_relaxed_push_is_found) {
  model::expect_found(model::explore({}, two_pushers<BrokenStack<Bug::relaxed_push>>),
                      Failure::Kind::race);
}

TEST(mpsc_stack, planted_push_without_compare_is_found) {
  model::expect_found(model::explore({}, two_pushers<BrokenStack<Bug::push_without_compare>>),
                      Failure::Kind::check);
}

TEST(mpsc_stack, planted_take_in_two_steps_is_found) {
  model::expect_found(model::explore({}, two_pushers<BrokenStack<Bug::take_in_two_steps>>),
                      Failure::Kind::deadlock);
}

TEST(mpsc_stack, planted_missing_reversal_is_found) {
  model::expect_found(model::explore({}, two_pushers<BrokenStack<Bug::order_kept_reversed>>),
                      Failure::Kind::check);
}

}  // namespace
}  // namespace rota
