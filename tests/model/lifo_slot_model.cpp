#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include "sched/lifo_slot.hpp"

#include <array>

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
  model::check(item->payload == 1, "what was written before it was put in is seen");
}

enum class Bug { none, put_without_a_look, take_in_two_steps, relaxed_put, relaxed_displacement };

// A copy of LifoSlot with one fault planted.
template <Bug bug>
class BrokenSlot {
 public:
  Item* put(Item& item) {
    if (bug == Bug::put_without_a_look || item_.load(MemoryOrder::relaxed) == nullptr) {
      item_.store(&item, bug == Bug::relaxed_put ? MemoryOrder::relaxed : MemoryOrder::release);
      return nullptr;
    }
    return item_.exchange(
        &item, bug == Bug::relaxed_displacement ? MemoryOrder::relaxed : MemoryOrder::release);
  }

  Item* take() {
    Item* item = item_.load(MemoryOrder::relaxed);
    if (item == nullptr) return nullptr;
    if constexpr (bug == Bug::take_in_two_steps) {
      item_.store(nullptr, MemoryOrder::relaxed);
      return item;
    }
    return item_.exchange(nullptr, MemoryOrder::relaxed);
  }

  Item* steal() {
    if (item_.load(MemoryOrder::relaxed) == nullptr) return nullptr;
    return item_.exchange(nullptr, MemoryOrder::acquire);
  }

 private:
  Atomic<Item*> item_{nullptr};
};

// The owner puts in three, takes once in between, and runs what it displaces.
template <class Slot>
void owner_and_two_thieves() {
  Slot slot;
  std::array<Item, 3> items;
  model::label(slot, "slot");
  model::label(items, "items");
  model::Thread first = model::spawn("first thief", [&slot] { run(slot.steal()); });
  model::Thread second = model::spawn("second thief", [&slot] { run(slot.steal()); });
  const auto put = [&slot](Item& item) {
    item.payload = 1;
    run(slot.put(item));
  };
  put(items[0]);
  put(items[1]);
  run(slot.take());
  put(items[2]);
  first.join();
  second.join();
  run(slot.take());
  for (const Item& item : items) {
    model::check(item.runs.load(MemoryOrder::relaxed) == 1, "every item runs");
  }
}

template <Bug bug>
model::Report explore_broken() {
  return model::explore({}, owner_and_two_thieves<BrokenSlot<bug>>);
}

TEST(lifo_slot, every_item_runs_once_under_two_thieves) {
  model::expect_holds(model::explore({}, owner_and_two_thieves<LifoSlot<Item>>));
}

TEST(lifo_slot, the_copy_without_a_fault_holds) {
  model::expect_holds(explore_broken<Bug::none>());
}

TEST(lifo_slot, planted_put_without_a_look_is_found) {
  model::expect_found(explore_broken<Bug::put_without_a_look>(), Failure::Kind::check);
}

TEST(lifo_slot, planted_take_in_two_steps_is_found) {
  model::expect_found(explore_broken<Bug::take_in_two_steps>(), Failure::Kind::check);
}

TEST(lifo_slot, planted_relaxed_put_is_found) {
  model::expect_found(explore_broken<Bug::relaxed_put>(), Failure::Kind::race);
}

TEST(lifo_slot, planted_relaxed_displacement_is_found) {
  model::expect_found(explore_broken<Bug::relaxed_displacement>(), Failure::Kind::race);
}

}  // namespace
}  // namespace rota
