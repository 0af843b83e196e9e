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
  FramePoolTest() : pool_(FramePool::acquire()) {}
  ~FramePoolTest() override { FramePool::retire(pool_); }

  Piece allocate(std::size_t bytes) {
    return Piece{static_cast<std::byte*>(pool_.allocate(bytes)), bytes};
  }

  FramePool& pool_;
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
  EXPECT_EQ(pool_.live(), 0);
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
  EXPECT_EQ(pool_.live(), 3);
  for (const Piece& piece : {other, above, below}) pool_.free_local(piece.memory, piece.bytes);
  EXPECT_EQ(pool_.live(), 0);
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
  EXPECT_EQ(pool_.live(), 0);
  // Without the returns it would be 50 times as many. A few more than one round's come from slabs
  // that an earlier owner of the pool has left, which are used up first.
  EXPECT_LT(seen.size(), 4 * kBlocks);
}

TEST_F(FramePoolTest, the_counters_are_exact) {
  const std::int64_t live = FramePool::live_everywhere();
  const std::size_t bytes = FramePool::bytes_everywhere();
  void* const fine = pool_.allocate(100);
  void* const edge = pool_.allocate(512);
  void* const coarse = pool_.allocate(513);
  void* const largest = pool_.allocate(FramePool::kLargestBlock);
  EXPECT_EQ(FramePool::live_everywhere(), live + 4);
  EXPECT_EQ(FramePool::bytes_everywhere(), bytes + 112 + 512 + 768 + 4096);

  pool_.free_local(coarse, 513);
  pool_.free_remote(largest);
  EXPECT_EQ(FramePool::live_everywhere(), live + 2);
  EXPECT_EQ(FramePool::bytes_everywhere(), bytes + 112 + 512);

  pool_.free_local(fine, 100);
  pool_.free_remote(edge);
  EXPECT_EQ(FramePool::live_everywhere(), live);
  EXPECT_EQ(FramePool::bytes_everywhere(), bytes);
}

TEST_F(FramePoolTest, a_retired_pool_is_given_to_the_next_owner) {
  FramePool& second = FramePool::acquire();
  EXPECT_NE(&second, &pool_) << "one owner at a time";
  void* block = second.allocate(64);
  FramePool::retire(second);
  FramePool& third = FramePool::acquire();
  EXPECT_EQ(&third, &second);
  third.free_remote(block);
  EXPECT_EQ(third.live(), 0) << "a block may outlive the owner that took it";
  FramePool::retire(third);
}

TEST(FrameTest, a_plain_thread_allocates_from_the_shared_pool) {
  const std::int64_t live = FramePool::live_everywhere();
  void* frame = allocate_frame(FramePool::kLargestBlock);
  EXPECT_EQ(FramePool::live_everywhere(), live + 1);
  free_frame(frame, FramePool::kLargestBlock);
  EXPECT_EQ(FramePool::live_everywhere(), live);
}

TEST(FrameTest, a_frame_above_the_largest_block_is_no_pools) {
  constexpr std::size_t kBytes = FramePool::kLargestBlock + 1;
  const std::int64_t live = FramePool::live_everywhere();
  void* frame = allocate_frame(kBytes);
  std::memset(frame, 1, kBytes);
  EXPECT_EQ(FramePool::live_everywhere(), live);
  free_frame(frame, kBytes);
  EXPECT_EQ(FramePool::live_everywhere(), live);
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
      for (auto& place : table) free_as_stranger(place.exchange(nullptr));
    }
  }

  [[nodiscard]] std::int64_t live() { return pools_[0]->live() + pools_[1]->live(); }
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
      free_as_stranger(on_offer_[theirs][step * 7 % 16].exchange(nullptr));
    }
  }

  void free_as_stranger(Stamp* taken) {
    if (taken == nullptr) return;
    check(*taken);
    foreign_.fetch_add(1, std::memory_order_relaxed);
    FramePool::of(taken).free_remote(taken);
  }

  void check(Stamp& stamp) {
    if (std::exchange(stamp.self, nullptr) != &stamp) damaged_.fetch_add(1);
  }

  std::array<FramePool*, 2> pools_{&FramePool::acquire(), &FramePool::acquire()};
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
