#include "sched/frame_pool.hpp"

#include <rota/core/platform.hpp>
#include <rota/core/worker_calls.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace rota {
namespace {

constexpr std::size_t kAlignment = 16;  // what malloc promises, and coroutine frames expect

struct Piece {
  std::byte* memory;
  std::size_t bytes;
};

class FramePoolTest : public testing::Test {
 protected:
  FramePoolTest() : pool_(FramePool::acquire()), blocks_before_(FramePool::use().blocks) {}
  ~FramePoolTest() override { FramePool::retire(pool_); }

  Piece allocate(std::size_t bytes) {
    return Piece{static_cast<std::byte*>(pool_.allocate(bytes)), bytes};
  }

  /// Given out since the test began.
  [[nodiscard]] std::int64_t live() const { return FramePool::use().blocks - blocks_before_; }

  FramePool& pool_;
  const std::int64_t blocks_before_;
};

std::byte mark_of(std::size_t number) { return static_cast<std::byte>(number * 37 + 1); }

TEST_F(FramePoolTest, blocks_of_every_size_are_aligned_and_do_not_overlap) {
  std::vector<Piece> pieces;
  for (std::size_t bytes = 1; bytes <= FramePool::kLargestBlock; ++bytes) {
    pieces.push_back(allocate(bytes));
    std::memset(pieces.back().memory, static_cast<int>(mark_of(bytes)), bytes);
  }
  for (const Piece& piece : pieces) {
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(piece.memory) % kAlignment, 0u) << piece.bytes;
    ASSERT_EQ(&FramePool::of(piece.memory), &pool_) << piece.bytes;
    for (std::size_t i = 0; i < piece.bytes; ++i) {
      ASSERT_EQ(piece.memory[i], mark_of(piece.bytes)) << "of " << piece.bytes << " at " << i;
    }
  }
  for (const Piece& piece : pieces) pool_.free_local(piece.memory, piece.bytes);
  EXPECT_EQ(live(), 0);
}

TEST_F(FramePoolTest, a_freed_block_is_the_next_one_of_its_class) {
  const Piece first = allocate(200);
  const Piece other = allocate(200);
  pool_.free_local(first.memory, first.bytes);
  const Piece same_class = allocate(193);
  EXPECT_EQ(same_class.memory, first.memory) << "193 to 208 bytes are one class";
  pool_.free_local(same_class.memory, same_class.bytes);
  const Piece above = allocate(209);
  EXPECT_NE(above.memory, first.memory);
  const Piece below = allocate(192);
  EXPECT_NE(below.memory, first.memory);
  EXPECT_EQ(live(), 3);
  for (const Piece& piece : {other, above, below}) pool_.free_local(piece.memory, piece.bytes);
  EXPECT_EQ(live(), 0);
}

TEST_F(FramePoolTest, blocks_freed_by_another_thread_come_back) {
  constexpr std::size_t kBlocks = 200;
  constexpr std::size_t kRounds = 50;
  constexpr std::size_t kBytes = 1024;
  std::set<void*> seen;
  for (std::size_t round = 0; round < kRounds; ++round) {
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < kBlocks; ++i) blocks.push_back(pool_.allocate(kBytes));
    seen.insert(blocks.begin(), blocks.end());
    std::thread([&blocks] {
      for (void* block : blocks) FramePool::of(block).free_remote(block);
    }).join();
  }
  EXPECT_EQ(live(), 0);
  // Without the returns it would be 50 times as many. A few more than one round's come from slabs
  // that an earlier owner of the pool has left, which are used up first.
  EXPECT_LT(seen.size(), 4 * kBlocks);
}

TEST_F(FramePoolTest, the_counters_are_exact) {
  const std::int64_t live = FramePool::use().blocks;
  const std::size_t bytes = FramePool::use().bytes;
  void* const fine = pool_.allocate(100);
  void* const edge = pool_.allocate(512);
  void* const coarse = pool_.allocate(513);
  void* const largest = pool_.allocate(FramePool::kLargestBlock);
  EXPECT_EQ(FramePool::use().blocks, live + 4);
  EXPECT_EQ(FramePool::use().bytes, bytes + 112 + 512 + 768 + 4096);

  pool_.free_local(coarse, 513);
  pool_.free_remote(largest);
  EXPECT_EQ(FramePool::use().blocks, live + 2);
  EXPECT_EQ(FramePool::use().bytes, bytes + 112 + 512);

  pool_.free_local(fine, 100);
  pool_.free_remote(edge);
  EXPECT_EQ(FramePool::use().blocks, live);
  EXPECT_EQ(FramePool::use().bytes, bytes);
}

/// Blocks of one size that a second pool frees for the first.
class AwayTest : public FramePoolTest {
 protected:
  static constexpr std::size_t kBytes = 640;  // a class that nothing else here uses

  AwayTest() : other_(FramePool::acquire()) {}
  ~AwayTest() override {
    if (!gone_) FramePool::retire(other_);
  }

  void free_away(int blocks) {
    for (int i = 0; i < blocks; ++i) out_.push_back(pool_.allocate(kBytes));
    for (void* block : out_) other_.free_away(block, kBytes);
    EXPECT_EQ(live(), 0) << "what was freed counts as back at once";
  }
  /// How many of them the pool gives out again before it takes new memory.
  std::size_t come_back() {
    const std::set<void*> freed(out_.begin(), out_.end());
    const std::size_t carved = FramePool::use().peak_bytes;
    std::vector<void*> again;
    std::size_t known = 0;
    do {
      again.push_back(pool_.allocate(kBytes));
      known += freed.count(again.back());
    } while (FramePool::use().peak_bytes == carved);
    for (void* block : again) pool_.free_local(block, kBytes);
    return known;
  }

  FramePool& other_;
  std::vector<void*> out_;
  bool gone_ = false;
};

TEST_F(AwayTest, full_batches_go_back_by_themselves_and_the_rest_on_demand) {
  free_away(40);
  EXPECT_EQ(come_back(), 32u);
  other_.hand_over();
  EXPECT_EQ(come_back(), 40u);
}

TEST_F(AwayTest, an_owner_that_goes_hands_over_what_it_freed_for_others) {
  free_away(3);
  EXPECT_EQ(come_back(), 0u);
  FramePool::retire(other_);
  gone_ = true;
  EXPECT_EQ(come_back(), 3u);
}

TEST_F(AwayTest, blocks_of_more_pools_than_there_are_batches_all_go_back) {
  std::vector<FramePool*> many;
  for (int i = 0; i < 20; ++i) many.push_back(&FramePool::acquire());
  const auto take_a_page_of_each = [&many] {
    std::vector<void*> blocks;
    for (int round = 0; round < 6; ++round) {
      for (FramePool* pool : many) blocks.push_back(pool->allocate(kBytes));
    }
    return blocks;
  };
  for (void* block : take_a_page_of_each()) other_.free_away(block, kBytes);
  other_.hand_over();
  EXPECT_EQ(live(), 0);
  const std::size_t carved = FramePool::use().peak_bytes;
  for (void* block : take_a_page_of_each()) FramePool::of(block).free_local(block, kBytes);
  EXPECT_EQ(FramePool::use().peak_bytes, carved) << "all that is out now was out before";
  for (FramePool* pool : many) FramePool::retire(*pool);
}

TEST_F(FramePoolTest, the_peak_is_what_was_out_at_once_to_a_page) {
  constexpr std::size_t kBytes = 1792;
  constexpr std::size_t kBlocks = 100;
  std::vector<void*> held;  // all that an earlier owner has left
  std::size_t before = FramePool::use().peak_bytes;
  while (FramePool::use().peak_bytes == before) held.push_back(pool_.allocate(kBytes));
  before = FramePool::use().peak_bytes;
  for (int round = 0; round < 3; ++round) {
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < kBlocks; ++i) blocks.push_back(pool_.allocate(kBytes));
    for (void* block : blocks) pool_.free_local(block, kBytes);
  }
  const std::size_t grown = FramePool::use().peak_bytes - before;
  EXPECT_GE(grown + 4096, kBlocks * kBytes);
  EXPECT_LE(grown, kBlocks * kBytes + 4096);
  for (void* block : held) pool_.free_local(block, kBytes);
}

TEST_F(FramePoolTest, a_retired_pool_is_given_to_the_next_owner) {
  FramePool& second = FramePool::acquire();
  EXPECT_NE(&second, &pool_) << "one owner at a time";
  void* block = second.allocate(64);
  FramePool::retire(second);
  FramePool& third = FramePool::acquire();
  EXPECT_EQ(&third, &second);
  third.free_remote(block);
  EXPECT_EQ(live(), 0) << "a block may outlive the owner that took it";
  FramePool::retire(third);
}

TEST(FrameTest, a_plain_thread_allocates_from_the_shared_pool) {
  const std::int64_t live = FramePool::use().blocks;
  void* frame = allocate_frame(FramePool::kLargestBlock);
  EXPECT_EQ(FramePool::use().blocks, live + 1);
  free_frame(frame, FramePool::kLargestBlock);
  EXPECT_EQ(FramePool::use().blocks, live);
}

TEST(FrameTest, a_frame_above_the_largest_block_is_no_pools) {
  constexpr std::size_t kBytes = FramePool::kLargestBlock + 1;
  const std::int64_t live = FramePool::use().blocks;
  void* frame = allocate_frame(kBytes);
  std::memset(frame, 1, kBytes);
  EXPECT_EQ(FramePool::use().blocks, live);
  free_frame(frame, kBytes);
  EXPECT_EQ(FramePool::use().blocks, live);
}

/// Two owners that swap blocks: each one frees, as a stranger, what the other one allocated.
class Swap {
 public:
  static constexpr int kRounds = address_sanitizer || thread_sanitizer ? 20'000 : 200'000;

  void run() {
    std::array<std::thread, 2> threads = {std::thread([this] { play(0); }),
                                          std::thread([this] { play(1); })};
    for (std::thread& thread : threads) thread.join();
    for (Table& table : on_offer_) {
      for (auto& place : table) {
        Stamp* left = place.exchange(nullptr);
        if (left != nullptr) FramePool::of(left).free_remote(left);
      }
    }
  }

  [[nodiscard]] std::int64_t live() const { return FramePool::use().blocks - blocks_before_; }
  [[nodiscard]] int damaged() const { return damaged_.load(); }
  [[nodiscard]] int foreign() const { return foreign_.load(); }

  Swap() = default;
  Swap(const Swap&) = delete;
  Swap& operator=(const Swap&) = delete;
  ~Swap() {
    for (FramePool* pool : pools_) FramePool::retire(*pool);
  }

 private:
  struct Stamp {
    std::size_t bytes;
    Stamp* self;  // what a block that was given out twice would lose
  };
  using Table = std::array<std::atomic<Stamp*>, 16>;

  void play(std::size_t mine) {
    const std::size_t theirs = 1 - mine;
    for (int round = 0; round < kRounds; ++round) {
      const auto step = static_cast<std::size_t>(round);
      const std::size_t bytes = sizeof(Stamp) + step * 97 % 1024;
      auto* stamp = static_cast<Stamp*>(pools_[mine]->allocate(bytes));
      *stamp = Stamp{bytes, stamp};
      if (Stamp* unwanted = on_offer_[mine][step % 16].exchange(stamp)) {
        check(*unwanted);
        pools_[mine]->free_local(unwanted, unwanted->bytes);
      }
      Stamp* taken = on_offer_[theirs][step * 7 % 16].exchange(nullptr);
      if (taken == nullptr) continue;
      check(*taken);
      foreign_.fetch_add(1, std::memory_order_relaxed);
      // A worker batches, until it has nothing to do; a thread without a pool cannot.
      if (step % 8 == 0) {
        FramePool::of(taken).free_remote(taken);
      } else {
        pools_[mine]->free_away(taken, taken->bytes);
      }
      if (step % 512 == 0) pools_[mine]->hand_over();
    }
  }

  void check(Stamp& stamp) {
    if (std::exchange(stamp.self, nullptr) != &stamp) damaged_.fetch_add(1);
  }

  std::array<FramePool*, 2> pools_{&FramePool::acquire(), &FramePool::acquire()};
  const std::int64_t blocks_before_ = FramePool::use().blocks;
  std::array<Table, 2> on_offer_{};
  std::atomic<int> damaged_{0};
  std::atomic<int> foreign_{0};
};

TEST(FramePoolThreadsTest, two_owners_that_free_each_others_blocks_lose_none) {
  Swap swap;
  swap.run();
  EXPECT_EQ(swap.damaged(), 0);
  EXPECT_GT(swap.foreign(), 0);
  EXPECT_EQ(swap.live(), 0);
}

}  // namespace
}  // namespace rota
