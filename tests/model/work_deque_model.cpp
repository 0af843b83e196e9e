#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/work_deque.hpp>

#include <array>

// An execution that is abandoned where it stands frees no buffer that its deque has grown.
extern "C" const char* __lsan_default_suppressions() { return "leak:rota::WorkDeque\n"; }

namespace rota {
namespace {

using model::Failure;

struct Item {
  model::Plain<int> payload{0};
  Atomic<int> runs{0};
};

void run(Item* item) {
  if (item == nullptr) return;
  model::check(item->runs.fetch_add(1, MemoryOrder::relaxed) == 0, "no item runs twice");
  model::check(item->payload == 1, "what was written before the push is seen");
}

enum class Bug {
  none,
  relaxed_push,
  relaxed_take,
  bottom_before_top,
  only_entry_without_compare,
  theft_without_compare,
  take_without_a_fence,
  theft_without_a_fence,
};

// A copy of WorkDeque without growth, with one fault planted.
template <Bug bug>
class BrokenDeque {
 public:
  void push(Item& item) {
    const std::int64_t bottom = bottom_.load(MemoryOrder::relaxed);
    slots_[index(bottom)].store(&item, MemoryOrder::relaxed);
    bottom_.store(bottom + 1,
                  bug == Bug::relaxed_push ? MemoryOrder::relaxed : MemoryOrder::release);
  }

  Item* take() {
    constexpr MemoryOrder order =
        bug == Bug::relaxed_take ? MemoryOrder::relaxed : MemoryOrder::release;
    const std::int64_t last = bottom_.load(MemoryOrder::relaxed) - 1;
    bottom_.store(last, order);
    fence_unless(Bug::take_without_a_fence);
    std::int64_t top = top_.load(MemoryOrder::relaxed);
    if (top < last) return slots_[index(last)].load(MemoryOrder::relaxed);
    Item* item = nullptr;
    if (top == last) {
      item = slots_[index(last)].load(MemoryOrder::relaxed);
      if constexpr (bug == Bug::only_entry_without_compare) {
        top_.store(top + 1, MemoryOrder::seq_cst);
      } else if (!top_.compare_exchange_strong(top, top + 1)) {
        item = nullptr;
      }
    }
    bottom_.store(last + 1, order);
    return item;
  }

  Item* steal() {
    std::int64_t bottom = 0;
    if constexpr (bug == Bug::bottom_before_top) bottom = bottom_.load(MemoryOrder::acquire);
    std::int64_t top = top_.load(MemoryOrder::acquire);
    fence_unless(Bug::theft_without_a_fence);
    if constexpr (bug != Bug::bottom_before_top) bottom = bottom_.load(MemoryOrder::acquire);
    if (bottom <= top) return nullptr;
    Item* item = slots_[index(top)].load(MemoryOrder::relaxed);
    if constexpr (bug == Bug::theft_without_compare) {
      top_.store(top + 1, MemoryOrder::seq_cst);
      return item;
    }
    return top_.compare_exchange_strong(top, top + 1) ? item : nullptr;
  }

 private:
  static void fence_unless(Bug dropped) {
    if (bug != dropped) fence(MemoryOrder::seq_cst);
  }
  static std::size_t index(std::int64_t at) { return static_cast<std::size_t>(at) % 4; }

  Atomic<std::int64_t> bottom_{0};
  Atomic<std::int64_t> top_{0};
  std::array<Atomic<Item*>, 4> slots_;
};

template <class Deque>
void push(Deque& deque, Item& item) {
  item.payload = 1;
  deque.push(item);
}

template <class Deque, std::size_t count>
void check_each_ran(Deque& deque, const std::array<Item, count>& items) {
  while (Item* item = deque.take()) run(item);
  for (const Item& item : items) {
    model::check(item.runs.load(MemoryOrder::relaxed) == 1, "every item runs");
  }
}

// The owner forks two, joins both, and forks again, under two thieves.
template <class Deque>
void owner_and_two_thieves() {
  Deque deque;
  std::array<Item, 3> items;
  model::label(deque, "deque");
  model::label(items, "items");
  const auto steal = [&deque] { run(deque.steal()); };
  model::Thread first = model::spawn("first thief", steal);
  model::Thread second = model::spawn("second thief", steal);
  push(deque, items[0]);
  push(deque, items[1]);
  run(deque.take());
  run(deque.take());
  push(deque, items[2]);
  first.join();
  second.join();
  check_each_ran(deque, items);
}

// The buffer of two is outgrown while a thief reads it, and its indices have gone round once.
template <class Deque>
void growth_under_a_thief() {
  Deque deque;
  std::array<Item, 5> items;
  model::label(deque, "deque");
  model::label(items, "items");
  push(deque, items[0]);
  run(deque.steal());
  model::Thread thief = model::spawn("thief", [&deque] {
    run(deque.steal());
    run(deque.steal());
  });
  for (std::size_t i = 1; i < 5; ++i) push(deque, items[i]);
  run(deque.take());
  thief.join();
  check_each_ran(deque, items);
}

// What is pushed was written before there was a thief, so that nothing but a second run can be
// found: the owner forks two and joins both while a thief steals twice.
template <class Deque>
void two_joins_under_a_thief() {
  Deque deque;
  std::array<Item, 2> items;
  model::label(deque, "deque");
  model::label(items, "items");
  for (Item& item : items) item.payload = 1;
  model::Thread thief = model::spawn("thief", [&deque] {
    run(deque.steal());
    run(deque.steal());
  });
  for (Item& item : items) deque.push(item);
  run(deque.take());
  run(deque.take());
  thief.join();
  check_each_ran(deque, items);
}

template <Bug bug>
model::Report explore_broken() {
  return model::explore({}, owner_and_two_thieves<BrokenDeque<bug>>);
}

TEST(work_deque, every_item_runs_once_under_two_thieves) {
  model::expect_holds(model::explore({}, owner_and_two_thieves<WorkDeque<Item, 2>>));
}

TEST(work_deque, growing_loses_nothing_under_a_thief) {
  model::expect_holds(model::explore({}, growth_under_a_thief<WorkDeque<Item, 2>>));
}

TEST(work_deque, a_join_and_a_theft_never_have_the_same_item) {
  model::expect_holds(model::explore({}, two_joins_under_a_thief<WorkDeque<Item, 2>>));
}

TEST(work_deque, the_copy_without_a_fault_holds) {
  model::expect_holds(explore_broken<Bug::none>());
}

TEST(work_deque, planted_relaxed_push_is_found) {
  model::expect_found(explore_broken<Bug::relaxed_push>(), Failure::Kind::race);
}

TEST(work_deque, planted_relaxed_bottom_of_a_take_is_found) {
  model::expect_found(explore_broken<Bug::relaxed_take>(), Failure::Kind::race);
}

TEST(work_deque, planted_look_at_the_bottom_before_the_top_is_found) {
  // The thief takes an entry whose push came after the bottom that it has seen.
  model::expect_found(explore_broken<Bug::bottom_before_top>(), Failure::Kind::race);
}

TEST(work_deque, planted_take_of_the_only_entry_without_a_compare_is_found) {
  model::expect_found(explore_broken<Bug::only_entry_without_compare>(), Failure::Kind::check);
}

TEST(work_deque, planted_theft_without_a_compare_is_found) {
  model::expect_found(explore_broken<Bug::theft_without_compare>(), Failure::Kind::check);
}

TEST(work_deque, planted_take_without_a_fence_is_found) {
  model::expect_found(
      model::explore({}, two_joins_under_a_thief<BrokenDeque<Bug::take_without_a_fence>>),
      Failure::Kind::check);
}

TEST(work_deque, planted_theft_without_a_fence_is_found) {
  model::expect_found(
      model::explore({}, two_joins_under_a_thief<BrokenDeque<Bug::theft_without_a_fence>>),
      Failure::Kind::check);
}

}  // namespace
}  // namespace rota
