#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/mpsc_stack.hpp>

#include "core/counter.hpp"

#include <cstdint>

namespace rota {
namespace {

using model::Failure;

struct Block {
  model::Plain<Block*> next{nullptr};
  model::Plain<int> content{0};  // Whoever was given the block writes it.
};

// A copy of the stack whose push publishes nothing.
class RelaxedStack {
 public:
  void push(Block& block) {
    Block* head = head_.load(MemoryOrder::relaxed);
    do {
      block.next = head;
    } while (!head_.compare_exchange_strong(head, &block, MemoryOrder::relaxed));
  }
  Block* take_all() { return head_.exchange(nullptr, MemoryOrder::acquire); }

 private:
  Atomic<Block*> head_{nullptr};
};

enum class Fault { none, counts_the_return_relaxed, reads_what_was_given_first };

// FramePool for one class (src/sched/frame_pool.hpp, rules 2 and 3), with the same steps.
template <class Stack, Fault fault>
struct Pool {
  Block blocks[2];
  Block* free = nullptr;  // The owner's.
  Counter given;
  Stack remote;
  Atomic<std::uint64_t> returned{0};

  Pool() {
    model::label(blocks, "blocks");
    for (Block& block : blocks) put(block);
  }

  void put(Block& block) {
    block.next = free;
    free = &block;
  }
  void collect() {
    for (Block* block = remote.take_all(); block != nullptr;) {
      Block* following = block->next;
      put(*block);
      block = following;
    }
  }
  Block* allocate() {
    if (free == nullptr) collect();
    Block* block = free;
    if (block == nullptr) return nullptr;  // The real one takes a new slab.
    free = block->next;
    given += 1;
    return block;
  }
  void free_remote(Block& block) {
    returned.fetch_add(
        1, fault == Fault::counts_the_return_relaxed ? MemoryOrder::relaxed : MemoryOrder::release);
    remote.push(block);
  }
  // By any thread.
  [[nodiscard]] std::int64_t live() const {
    std::uint64_t out = 0;
    if constexpr (fault == Fault::reads_what_was_given_first) out = given;
    const std::uint64_t back = returned.load(MemoryOrder::acquire);
    if constexpr (fault != Fault::reads_what_was_given_first) out = given;
    return static_cast<std::int64_t>(out - back);
  }
};

// The owner gives one block to each of two threads, which free it, and takes what comes back.
template <class Stack, Fault fault>
void two_free_and_the_owner_allocates() {
  Pool<Stack, fault> pool;
  Atomic<Block*> handed[2]{nullptr, nullptr};
  const auto use_and_free = [&](int index) {
    model::wait_until([&] { return handed[index].load(MemoryOrder::acquire) != nullptr; });
    Block& block = *handed[index].load(MemoryOrder::acquire);
    block.content = block.content + 1;
    pool.free_remote(block);
  };
  model::Thread first = model::spawn("first", [&] { use_and_free(0); });
  model::Thread second = model::spawn("second", [&] { use_and_free(1); });
  for (Atomic<Block*>& each : handed) {
    Block* block = pool.allocate();
    block->content = 1;
    each.store(block, MemoryOrder::release);
  }
  if (Block* again = pool.allocate()) again->content = again->content + 1;
  first.join();
  second.join();
  pool.collect();
  int kept = 0;
  for (const Block* block = pool.free; block != nullptr; block = block->next) ++kept;
  model::check(kept + pool.live() == 2, "no block is lost, and none is there twice");
}

// Somebody counts meanwhile.
template <Fault fault>
void a_count_beside_a_free() {
  Pool<MpscStack<Block>, fault> pool;
  Atomic<Block*> handed{nullptr};
  model::Thread user = model::spawn("user", [&] {
    model::wait_until([&] { return handed.load(MemoryOrder::acquire) != nullptr; });
    pool.free_remote(*handed.load(MemoryOrder::acquire));
  });
  model::Thread counts = model::spawn("counts", [&pool] {
    const std::int64_t live = pool.live();
    model::check(live == 0 || live == 1, "no more blocks are back than were given out");
  });
  handed.store(pool.allocate(), MemoryOrder::release);
  user.join();
  counts.join();
  model::check(pool.live() == 0, "the count is exact once nobody frees");
}

TEST(remote_free, blocks_go_round_and_none_is_lost) {
  model::expect_holds(
      model::explore({}, two_free_and_the_owner_allocates<MpscStack<Block>, Fault::none>));
}

TEST(remote_free, a_count_is_never_below_zero) {
  model::expect_holds(model::explore({}, a_count_beside_a_free<Fault::none>));
}

TEST(remote_free, planted_push_without_release_is_found) {
  model::expect_found(
      model::explore({}, two_free_and_the_owner_allocates<RelaxedStack, Fault::none>),
      Failure::Kind::race);
}

TEST(remote_free, planted_relaxed_count_of_returns_is_found) {
  model::expect_found(model::explore({}, a_count_beside_a_free<Fault::counts_the_return_relaxed>),
                      Failure::Kind::check);
}

TEST(remote_free, planted_count_that_reads_the_given_first_is_found) {
  model::expect_found(model::explore({}, a_count_beside_a_free<Fault::reads_what_was_given_first>),
                      Failure::Kind::check);
}

}  // namespace
}  // namespace rota
