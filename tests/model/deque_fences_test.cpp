#include "model/expect.hpp"
#include "model/explorer.hpp"

#include <rota/core/atomic.hpp>

#include <algorithm>
#include <array>

namespace rota {
namespace {

using model::Failure;

enum class Bug { none, no_fence_in_take, no_fence_in_steal, no_fence_in_push, weak_fence_in_take };

// The deque of Chase and Lev with the fences of Lê, Pop, Cohen and Nardelli (PPoPP 2013), as small
// as it can be: what a fence does in it is what no vector clock shows.
template <Bug bug>
class Deque {
 public:
  void push(int item) {
    const int bottom = bottom_.load(MemoryOrder::relaxed);
    items_[static_cast<std::size_t>(bottom)].store(item, MemoryOrder::relaxed);
    fence_unless(Bug::no_fence_in_push, MemoryOrder::release);
    bottom_.store(bottom + 1, MemoryOrder::relaxed);
  }

  // 0 when there is none.
  int take() {
    const int bottom = bottom_.load(MemoryOrder::relaxed) - 1;
    bottom_.store(bottom, MemoryOrder::relaxed);
    fence_unless(Bug::no_fence_in_take,
                 bug == Bug::weak_fence_in_take ? MemoryOrder::acq_rel : MemoryOrder::seq_cst);
    int top = top_.load(MemoryOrder::relaxed);
    if (top < bottom) {
      return items_[static_cast<std::size_t>(bottom)].load(MemoryOrder::relaxed);
    }
    int item = 0;
    if (top == bottom &&
        top_.compare_exchange_strong(top, top + 1, MemoryOrder::seq_cst, MemoryOrder::relaxed)) {
      item = items_[static_cast<std::size_t>(bottom)].load(MemoryOrder::relaxed);
    }
    bottom_.store(bottom + 1, MemoryOrder::relaxed);
    return item;
  }

  // 0 when there is none, or another one was faster.
  int steal() {
    int top = top_.load(MemoryOrder::acquire);
    fence_unless(Bug::no_fence_in_steal, MemoryOrder::seq_cst);
    const int bottom = bottom_.load(MemoryOrder::acquire);
    if (top >= bottom) {
      return 0;
    }
    const int item = items_[static_cast<std::size_t>(top)].load(MemoryOrder::relaxed);
    const bool mine =
        top_.compare_exchange_strong(top, top + 1, MemoryOrder::seq_cst, MemoryOrder::relaxed);
    return mine ? item : 0;
  }

 private:
  static void fence_unless(Bug dropped, MemoryOrder order) {
    if (bug != dropped) {
      fence(order);
    }
  }

  Atomic<int> top_{0};
  Atomic<int> bottom_{0};
  std::array<Atomic<int>, 4> items_{};
};

// The owner pushes items and takes as often while thieves steal twice each.
template <Bug bug, int items = 2, int thieves = 1>
void owner_and_thieves() {
  Deque<bug> deque;
  std::array<std::array<int, 2>, thieves> stolen{};
  std::array<int, items> taken{};
  model::label(deque, "deque");
  for (std::array<int, 2>& mine : stolen) {
    model::spawn("thief", [&deque, &mine] {
      mine[0] = deque.steal();
      mine[1] = deque.steal();
    });
  }
  for (int item = 1; item <= items; ++item) {
    deque.push(item);
  }
  for (int& item : taken) {
    item = deque.take();
  }
  model::join_all();
  std::array<int, items + 1> times{};
  const auto count = [&times](int item) { ++times[static_cast<std::size_t>(item)]; };
  std::ranges::for_each(taken, count);
  for (const std::array<int, 2>& of_one : stolen) {
    std::ranges::for_each(of_one, count);
  }
  for (std::size_t item = 1; item <= items; ++item) {
    model::check(times[item] == 1, "each item comes out once");
  }
}

TEST(deque_fences, each_item_comes_out_once) {
  model::expect_holds(model::explore({}, owner_and_thieves<Bug::none>));
}

TEST(deque_fences, each_item_comes_out_once_with_two_thieves) {
  model::expect_holds(model::explore({}, owner_and_thieves<Bug::none, 2, 2>));
}

TEST(deque_fences, each_of_three_items_comes_out_once_within_five_preemptions) {
  model::expect_holds_as_far_as_explored(model::explore_large(
      {.preemptions = 5, .max_executions = 2'500'000}, owner_and_thieves<Bug::none, 3, 2>));
}

TEST(deque_fences, planted_missing_fence_in_take_is_found) {
  model::expect_found(model::explore({}, owner_and_thieves<Bug::no_fence_in_take>),
                      Failure::Kind::check);
}

TEST(deque_fences, planted_missing_fence_in_steal_is_found) {
  model::expect_found(model::explore({}, owner_and_thieves<Bug::no_fence_in_steal>),
                      Failure::Kind::check);
}

TEST(deque_fences, planted_missing_fence_in_push_is_found) {
  model::expect_found(model::explore({}, owner_and_thieves<Bug::no_fence_in_push>),
                      Failure::Kind::check);
}

TEST(deque_fences, planted_fence_that_is_not_seq_cst_is_found) {
  model::expect_found(model::explore({}, owner_and_thieves<Bug::weak_fence_in_take>),
                      Failure::Kind::check);
}

}  // namespace
}  // namespace rota
