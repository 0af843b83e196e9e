#include "model/watched_memory.hpp"

#include "model/expect.hpp"

#include <gtest/gtest.h>

namespace rota::model {
namespace {

// What one thread writes and another reads, with a flag between them.
template <MemoryOrder publish>
void a_value_and_a_flag() {
  int value = 0;
  Atomic<bool> flag{false};
  watch(value, "value");
  spawn("writer", [&] {
    value = 1;
    flag.store(true, publish);
  });
  if (flag.load(MemoryOrder::acquire)) check(value == 1, "what was published is seen");
  join_all();
}

// A word that another thread steps on while its owner ends it.
template <MemoryOrder publish>
void a_step_and_an_end() {
  Atomic<int> word{0};
  Atomic<bool> flag{false};
  watch(word, "word");
  spawn("stepper", [&] {
    word.store(1, MemoryOrder::relaxed);
    flag.store(true, publish);
  });
  wait_until([&] { return flag.load(MemoryOrder::acquire); });
  end_of(&word);
  join_all();
}

// A step after the end, which comes before it by a flag.
void a_step_after_the_end() {
  Atomic<int> word{0};
  Atomic<bool> flag{false};
  watch(word, "word");
  spawn("stepper", [&] {
    wait_until([&] { return flag.load(MemoryOrder::acquire); });
    word.store(1, MemoryOrder::relaxed);
  });
  end_of(&word);
  flag.store(true, MemoryOrder::release);
  join_all();
}

// A block that another thread frees. `after` is what main does with it then.
template <class After>
void a_block(After after) {
  int* block = nullptr;
  {
    const WatchedHeap heap;
    block = new int(7);
  }
  check(blocks_left() == 1, "there is a block");
  spawn("other", [block] { delete block; });
  join_all();
  check(blocks_left() == 0, "it was freed");
  after(block);
}

TEST(watched_memory, an_access_that_nothing_orders_is_a_race) {
  expect_holds(explore_watched({}, a_value_and_a_flag<MemoryOrder::release>));
  if constexpr (sees_plain_accesses) {
    expect_found(explore_watched({}, a_value_and_a_flag<MemoryOrder::relaxed>),
                 Failure::Kind::race);
  }
}

TEST(watched_memory, a_step_that_nothing_orders_with_the_end_is_a_race) {
  expect_holds(explore_watched({}, a_step_and_an_end<MemoryOrder::release>));
  expect_found(explore_watched({}, a_step_and_an_end<MemoryOrder::relaxed>), Failure::Kind::race);
}

TEST(watched_memory, a_step_after_the_end_is_found_in_whatever_order) {
  expect_found(explore_watched({}, a_step_after_the_end), Failure::Kind::race);
}

TEST(watched_memory, a_block_that_was_freed_is_not_used_and_not_freed_again) {
  expect_holds(explore_watched({}, [] { a_block([](int*) {}); }));
  expect_found(explore_watched({}, [] { a_block([](int* block) { delete block; }); }),
               Failure::Kind::race);
  if constexpr (sees_plain_accesses) {
    expect_found(
        explore_watched({}, [] { a_block([](int* block) { check(*block == 7, "its value"); }); }),
        Failure::Kind::race);
  }
}

}  // namespace
}  // namespace rota::model
