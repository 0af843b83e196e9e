#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/mpsc_stack.hpp>

#include "core/counter.hpp"
#include "sched/remote_frees.hpp"

#include <cstddef>
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
  void push(Block& block) { push_chain(block, block); }
  void push_chain(Block& newest, Block& oldest) {
    Block* head = head_.load(MemoryOrder::relaxed);
    do {
      oldest.next = head;
    } while (!head_.compare_exchange_strong(head, &newest, MemoryOrder::relaxed));
  }
  Block* take_all() { return head_.exchange(nullptr, MemoryOrder::acquire); }

 private:
  Atomic<Block*> head_{nullptr};
};

// A copy of the stack that publishes a batch before it links it to what was there.
class LateLinkStack {
 public:
  void push(Block& block) { push_chain(block, block); }
  void push_chain(Block& newest, Block& oldest) {
    Block* below = head_.exchange(&newest, MemoryOrder::seq_cst);
    oldest.next = below;
  }
  Block* take_all() { return head_.exchange(nullptr, MemoryOrder::acquire); }

 private:
  Atomic<Block*> head_{nullptr};
};

enum class Fault {
  none,
  counts_the_return_relaxed,
  reads_what_was_given_first,
  keeps_the_last_batch,
  writes_to_what_it_handed_over
};

// FramePool for one class (src/sched/frame_pool.hpp, rules 2 to 4), with the same steps.
template <class Stack, Fault fault>
struct Pool {
  static constexpr std::size_t kBlocks = 3;
  static constexpr MemoryOrder kCountsReturn =
      fault == Fault::counts_the_return_relaxed ? MemoryOrder::relaxed : MemoryOrder::release;

  Block blocks[kBlocks];
  Block* free = nullptr;  // The owner's.
  Counter given;
  Stack remote;
  Atomic<std::uint64_t> returned{0};  // By threads without a pool.
  Atomic<std::uint64_t> away{0};      // By the one with a pool, in which this stands.

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
    returned.fetch_add(1, kCountsReturn);
    remote.push(block);
  }
  // By the thread that has `batches`.
  template <class Batches>
  void free_away(Block& block, Batches& batches) {
    away.store(away.load(MemoryOrder::relaxed) + 1, kCountsReturn);
    batches.add(0, remote, block);
    if constexpr (fault == Fault::writes_to_what_it_handed_over) block.content = 0;
  }
  // By any thread.
  [[nodiscard]] std::int64_t live() const {
    std::uint64_t out = 0;
    if constexpr (fault == Fault::reads_what_was_given_first) out = given;
    const std::uint64_t back =
        away.load(MemoryOrder::acquire) + returned.load(MemoryOrder::acquire);
    if constexpr (fault != Fault::reads_what_was_given_first) out = given;
    return static_cast<std::int64_t>(out - back);
  }
};

// As small a batch as can be full and can be left over.
template <class Stack>
using Batches = RemoteFrees<Block, Stack, 2>;

Block& taken_from(Atomic<Block*>& place) {
  model::wait_until([&] { return place.load(MemoryOrder::acquire) != nullptr; });
  Block& block = *place.load(MemoryOrder::acquire);
  block.content = block.content + 1;
  return block;
}

template <class Stack, Fault fault>
void hand_out(Pool<Stack, fault>& pool, Atomic<Block*>& place) {
  Block* block = pool.allocate();
  block->content = 1;
  place.store(block, MemoryOrder::release);
}

// Whether all blocks are in the pool again, once.
template <class Stack, Fault fault>
void check_all_back(Pool<Stack, fault>& pool) {
  pool.collect();
  int kept = 0;
  for (const Block* block = pool.free; block != nullptr && kept < 4; block = block->next) ++kept;
  model::check(kept + pool.live() == 3, "no block is lost, and none is there twice");
}

// The owner gives one block to each of two threads, which free it, and takes what comes back.
template <class Stack, Fault fault>
void two_free_and_the_owner_allocates() {
  Pool<Stack, fault> pool;
  Atomic<Block*> handed[2]{nullptr, nullptr};
  pool.allocate();  // So that its list is empty when it asks again.
  const auto use_and_free = [&](int index) { pool.free_remote(taken_from(handed[index])); };
  model::Thread first = model::spawn("first", [&] { use_and_free(0); });
  model::Thread second = model::spawn("second", [&] { use_and_free(1); });
  for (Atomic<Block*>& each : handed) hand_out(pool, each);
  if (Block* again = pool.allocate()) again->content = again->content + 1;
  first.join();
  second.join();
  check_all_back(pool);
}

// One thread has a pool: it frees a full batch, and in the case of three blocks also what is left
// before it goes. In the case of two another thread frees the third without a pool.
template <class Stack, Fault fault>
void batches_beside_a_single_free(int batched) {
  Pool<Stack, fault> pool;
  Atomic<Block*> handed[3]{nullptr, nullptr, nullptr};
  model::Thread worker = model::spawn("worker", [&] {
    Batches<Stack> batches;
    for (int i = 0; i < batched; ++i) pool.free_away(taken_from(handed[i]), batches);
    if constexpr (fault != Fault::keeps_the_last_batch) batches.hand_over();
    model::check(batches.underway() == 0 || fault != Fault::none, "it goes with nothing");
  });
  model::Thread stranger = model::spawn("stranger", [&] {
    if (batched < 3) pool.free_remote(taken_from(handed[2]));
  });
  hand_out(pool, handed[0]);
  hand_out(pool, handed[1]);
  hand_out(pool, handed[2]);
  if (Block* again = pool.allocate()) again->content = again->content + 1;
  worker.join();
  stranger.join();
  check_all_back(pool);
}

// Somebody counts meanwhile.
template <Fault fault>
void a_count_beside_a_free(bool batched) {
  Pool<MpscStack<Block>, fault> pool;
  Atomic<Block*> handed{nullptr};
  model::Thread user = model::spawn("user", [&] {
    model::wait_until([&] { return handed.load(MemoryOrder::acquire) != nullptr; });
    Block& block = *handed.load(MemoryOrder::acquire);
    Batches<MpscStack<Block>> batches;
    if (batched) {
      pool.free_away(block, batches);
    } else {
      pool.free_remote(block);
    }
    batches.hand_over();
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

TEST(remote_free, a_batch_comes_back_whole_and_nothing_stays_behind) {
  for (const int batched : {2, 3}) {
    model::expect_holds(model::explore(
        {}, [batched] { batches_beside_a_single_free<MpscStack<Block>, Fault::none>(batched); }));
  }
}

TEST(remote_free, a_count_is_never_below_zero) {
  for (const bool batched : {false, true}) {
    model::expect_holds(
        model::explore({}, [batched] { a_count_beside_a_free<Fault::none>(batched); }));
  }
}

TEST(remote_free, planted_push_without_release_is_found) {
  model::expect_found(
      model::explore({}, two_free_and_the_owner_allocates<RelaxedStack, Fault::none>),
      Failure::Kind::race);
}

TEST(remote_free, planted_batch_without_release_is_found) {
  model::expect_found(
      model::explore({}, [] { batches_beside_a_single_free<RelaxedStack, Fault::none>(2); }),
      Failure::Kind::race);
}

TEST(remote_free, planted_batch_that_is_linked_late_is_found) {
  model::expect_found(
      model::explore({}, [] { batches_beside_a_single_free<LateLinkStack, Fault::none>(2); }),
      Failure::Kind::race);
}

TEST(remote_free, planted_write_to_a_batch_that_was_handed_over_is_found) {
  model::expect_found(
      model::explore(
          {},
          [] {
            batches_beside_a_single_free<MpscStack<Block>, Fault::writes_to_what_it_handed_over>(2);
          }),
      Failure::Kind::race);
}

TEST(remote_free, planted_batch_that_is_kept_by_who_goes_is_found) {
  model::expect_found(
      model::explore(
          {},
          [] { batches_beside_a_single_free<MpscStack<Block>, Fault::keeps_the_last_batch>(3); }),
      Failure::Kind::check);
}

TEST(remote_free, planted_relaxed_count_of_returns_is_found) {
  for (const bool batched : {false, true}) {
    model::expect_found(
        model::explore(
            {}, [batched] { a_count_beside_a_free<Fault::counts_the_return_relaxed>(batched); }),
        Failure::Kind::check);
  }
}

TEST(remote_free, planted_count_that_reads_the_given_first_is_found) {
  model::expect_found(
      model::explore({}, [] { a_count_beside_a_free<Fault::reads_what_was_given_first>(true); }),
      Failure::Kind::check);
}

}  // namespace
}  // namespace rota
