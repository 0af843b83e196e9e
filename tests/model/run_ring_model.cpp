#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include "sched/run_ring.hpp"

#include <algorithm>
#include <array>

namespace rota {
namespace {

using model::Failure;

struct Item {
  Item* next = nullptr;
  model::Plain<int> payload{0};
  Atomic<int> runs{0};
};

void run(Item* item) {
  if (item == nullptr) return;
  model::check(item->runs.fetch_add(1, MemoryOrder::relaxed) == 0, "no item runs twice");
  model::check(item->payload == 1, "what was written before the push is seen");
}

template <class Ring>
void push(Ring& ring, Item& item) {
  item.payload = 1;
  // A push that finds the ring full runs its item at once, as if it had gone elsewhere.
  if (!ring.try_push(item)) run(&item);
}

template <class Ring>
void drain(Ring& ring) {
  while (Item* item = ring.pop()) run(item);
}

enum class Bug {
  none,
  push_compares_with_real,
  one_step_theft,
  pop_moves_steal,
  second_thief_enters,
  relaxed_push,
  relaxed_publication_by_thief,
  relaxed_pop,
};

// A copy of StealRing with one fault planted.
template <Bug bug, std::uint32_t capacity>
class BrokenRing {
 public:
  explicit BrokenRing(std::uint32_t first = 0) : head_(pack(first, first)), tail_(first) {}

  bool try_push(Item& item) {
    const std::uint32_t tail = tail_.load(MemoryOrder::relaxed);
    const std::uint64_t head = head_.load(MemoryOrder::acquire);
    if (tail - (bug == Bug::push_compares_with_real ? real(head) : steal(head)) == capacity) {
      return false;
    }
    slots_[tail % capacity].store(&item, MemoryOrder::relaxed);
    tail_.store(tail + 1, bug == Bug::relaxed_push ? MemoryOrder::relaxed : MemoryOrder::release);
    return true;
  }

  Item* pop() {
    const std::uint32_t tail = tail_.load(MemoryOrder::relaxed);
    std::uint64_t seen = head_.load(MemoryOrder::relaxed);
    std::uint64_t next = 0;
    do {
      if (real(seen) == tail) return nullptr;
      const std::uint32_t to = real(seen) + 1;
      const bool stolen = steal(seen) != real(seen) && bug != Bug::pop_moves_steal;
      next = pack(stolen ? steal(seen) : to, to);
    } while (!head_.compare_exchange_strong(
        seen, next, bug == Bug::relaxed_pop ? MemoryOrder::relaxed : MemoryOrder::release,
        MemoryOrder::relaxed));
    return slots_[real(seen) % capacity].load(MemoryOrder::relaxed);
  }

  Item* steal_into(BrokenRing& mine, StealAmount amount) {
    std::uint64_t seen = head_.load(MemoryOrder::acquire);
    std::uint32_t count = 0;
    std::uint64_t next = 0;
    do {
      if (steal(seen) != real(seen) && bug != Bug::second_thief_enters) return nullptr;
      const std::uint32_t size = tail_.load(MemoryOrder::acquire) - real(seen);
      count = std::min(size - size / 2, amount == StealAmount::one ? 1 : capacity);
      if (count == 0) return nullptr;
      const std::uint32_t to = real(seen) + count;
      next = pack(bug == Bug::one_step_theft ? to : steal(seen), to);
    } while (
        !head_.compare_exchange_strong(seen, next, MemoryOrder::relaxed, MemoryOrder::acquire));
    const std::uint32_t first = real(seen);
    const std::uint32_t tail = mine.tail_.load(MemoryOrder::relaxed);
    Item* oldest = slots_[first % capacity].load(MemoryOrder::relaxed);
    for (std::uint32_t i = 1; i < count; ++i) {
      mine.slots_[(tail + i - 1) % capacity].store(
          slots_[(first + i) % capacity].load(MemoryOrder::relaxed), MemoryOrder::relaxed);
    }
    if (bug != Bug::one_step_theft) let_go();
    if (count > 1) {
      mine.tail_.store(tail + count - 1, bug == Bug::relaxed_publication_by_thief
                                             ? MemoryOrder::relaxed
                                             : MemoryOrder::release);
    }
    return oldest;
  }

 private:
  static std::uint32_t steal(std::uint64_t head) { return static_cast<std::uint32_t>(head >> 32); }
  static std::uint32_t real(std::uint64_t head) { return static_cast<std::uint32_t>(head); }
  static std::uint64_t pack(std::uint64_t steal, std::uint32_t real) { return steal << 32 | real; }

  void let_go() {
    std::uint64_t seen = head_.load(MemoryOrder::relaxed);
    while (!head_.compare_exchange_strong(seen, pack(real(seen), real(seen)), MemoryOrder::release,
                                          MemoryOrder::relaxed)) {
    }
  }

  Atomic<std::uint64_t> head_;
  Atomic<std::uint32_t> tail_;
  std::array<Atomic<Item*>, capacity> slots_;
};

template <std::size_t count>
void check_each_ran(const std::array<Item, count>& items) {
  for (const Item& item : items) {
    model::check(item.runs.load(MemoryOrder::relaxed) == 1, "every item runs");
  }
}

// The owner fills its ring, pops one, refills and drains it, under one thief that takes half.
template <class Ring>
void owner_and_thief() {
  Ring ring(UINT32_MAX - 2);  // Indices wrap within the scenario.
  Ring of_thief;
  std::array<Item, 4> items;
  model::label(ring, "ring");
  model::label(of_thief, "thief's ring");
  model::label(items, "items");
  model::Thread thief = model::spawn("thief", [&] {
    run(ring.steal_into(of_thief, StealAmount::half));
    drain(of_thief);
  });
  push(ring, items[0]);
  push(ring, items[1]);
  run(ring.pop());
  push(ring, items[2]);
  push(ring, items[3]);
  drain(ring);
  thief.join();
  drain(ring);
  check_each_ran(items);
}

// Two thieves at a full ring of two, while its owner pushes and pops.
template <class Ring>
void owner_and_two_thieves() {
  Ring ring;
  Ring of_first;
  Ring of_second;
  std::array<Item, 4> items;
  model::label(ring, "ring");
  model::label(of_first, "first thief's ring");
  model::label(of_second, "second thief's ring");
  model::label(items, "items");
  push(ring, items[0]);
  push(ring, items[1]);
  const auto steal = [&ring](Ring& mine) { run(ring.steal_into(mine, StealAmount::one)); };
  model::Thread first = model::spawn("first thief", [&] { steal(of_first); });
  model::Thread second = model::spawn("second thief", [&] { steal(of_second); });
  push(ring, items[2]);
  push(ring, items[3]);
  run(ring.pop());
  first.join();
  second.join();
  drain(ring);
  check_each_ran(items);
}

// One steals half, and another one steals from it what it kept.
template <class Ring>
void robbed_thief() {
  Ring ring;
  Ring of_first;
  Ring of_second;
  std::array<Item, 3> items;
  model::label(ring, "ring");
  model::label(of_first, "first thief's ring");
  model::label(items, "items");
  model::Thread first =
      model::spawn("first thief", [&] { run(ring.steal_into(of_first, StealAmount::half)); });
  model::Thread second =
      model::spawn("second thief", [&] { run(of_first.steal_into(of_second, StealAmount::half)); });
  for (Item& item : items) push(ring, item);
  first.join();
  second.join();
  drain(ring);
  drain(of_first);
  check_each_ran(items);
}

TEST(run_ring, every_item_runs_once_under_a_thief) {
  model::expect_holds(model::explore({}, owner_and_thief<StealRing<Item, 2>>));
}

TEST(run_ring, every_item_runs_once_under_two_thieves) {
  model::expect_holds(model::explore({}, owner_and_two_thieves<StealRing<Item, 2>>));
}

TEST(run_ring, every_item_runs_once_when_a_thief_is_robbed) {
  model::expect_holds(model::explore({}, robbed_thief<StealRing<Item, 4>>));
}

TEST(run_ring, the_copy_without_a_fault_holds) {
  model::expect_holds(model::explore({}, owner_and_thief<BrokenRing<Bug::none, 2>>));
  model::expect_holds(model::explore({}, owner_and_two_thieves<BrokenRing<Bug::none, 2>>));
  model::expect_holds(model::explore({}, robbed_thief<BrokenRing<Bug::none, 4>>));
}

TEST(run_ring, planted_push_into_a_slot_that_a_thief_reads_is_found) {
  model::expect_found(
      model::explore({}, owner_and_thief<BrokenRing<Bug::push_compares_with_real, 2>>),
      Failure::Kind::check);
}

TEST(run_ring, planted_theft_in_one_step_is_found) {
  model::expect_found(model::explore({}, owner_and_thief<BrokenRing<Bug::one_step_theft, 2>>),
                      Failure::Kind::check);
}

TEST(run_ring, planted_pop_that_ends_a_theft_is_found) {
  model::expect_found(model::explore({}, owner_and_thief<BrokenRing<Bug::pop_moves_steal, 2>>),
                      Failure::Kind::check);
}

TEST(run_ring, planted_second_thief_at_work_is_found) {
  model::expect_found(
      model::explore({}, owner_and_two_thieves<BrokenRing<Bug::second_thief_enters, 2>>),
      Failure::Kind::check);
}

TEST(run_ring, planted_relaxed_push_is_found) {
  model::expect_found(model::explore({}, owner_and_thief<BrokenRing<Bug::relaxed_push, 2>>),
                      Failure::Kind::race);
}

TEST(run_ring, planted_relaxed_publication_by_a_thief_is_found) {
  model::expect_found(
      model::explore({}, robbed_thief<BrokenRing<Bug::relaxed_publication_by_thief, 4>>),
      Failure::Kind::race);
}

// A thief sees the head of after the pop and the tail of before the push.
TEST(run_ring, planted_relaxed_pop_is_found) {
  model::expect_found(model::explore({}, owner_and_thief<BrokenRing<Bug::relaxed_pop, 2>>),
                      Failure::Kind::check);
}

}  // namespace
}  // namespace rota
