#pragma once

#include <rota/core/frame_class.hpp>
#include <rota/core/mpsc_stack.hpp>
#include <rota/core/spin_lock.hpp>

#include "core/counter.hpp"
#include "sched/remote_frees.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace rota::inline v0 {

/// Size-class memory for frames and task headers. One belongs to each worker.
///
/// 1. Blocks of one class stand in slabs of 64 KiB, aligned to their size, so that a block finds
///    its slab and through it its pool by masking its address: a frame carries its pool at no
///    cost in bytes. (A pointer before each block was rejected: 8 bytes of each parked task.)
/// 2. The owner allocates and frees through a list per class, with plain loads and stores.
/// 3. Any other thread frees by pushing the block onto `remote_`; the owner takes that list whole
///    when its own is empty. Nobody else does: whoever counts reads counters and no list.
/// 4. A thread with a pool of its own pushes whole batches (remote_frees.hpp), and hands over what
///    is left of them before it sleeps or goes. A block counts as back as soon as it is freed: the
///    thread that frees counts it in its own pool, which costs no locked instruction either.
/// 5. Slabs stay with the pool, and pools stay for ever: a frame may outlive its runtime. A pool
///    whose worker is gone is given to the next worker.
/// 6. A slab is carved step by step, and only for want of blocks that have come back. So what was
///    carved is the most that was ever out, to `kCarvedBytes` per class, at no cost to a count.
/// 7. Frames above `kLargestBlock` come from the global allocator, and are not counted.
class FramePool {
 public:
  static constexpr std::size_t kSlabBytes = 64 * 1024;
  static constexpr std::size_t kLargestBlock = largest_frame_block;

  /// Of all pools, since the process began. Any thread; `blocks` and `bytes` are exact when nobody
  /// allocates or frees, and never below zero.
  struct Use {
    std::int64_t blocks = 0;     ///< given out and not yet freed
    std::size_t bytes = 0;       ///< theirs
    std::size_t peak_bytes = 0;  ///< no less than `bytes` ever were: the most of each pool
  };
  [[nodiscard]] static Use use() noexcept;

  /// A pool for a new worker: one that is free, or a new one. Throws std::bad_alloc.
  static FramePool& acquire();
  /// The owner is gone, and hands over what it had freed for others.
  static void retire(FramePool& pool) noexcept;
  /// For threads that carry no worker: under a lock.
  static void* allocate_shared(std::size_t bytes);
  /// The pool that a block came from, by its address; `bytes` <= kLargestBlock.
  static FramePool& of(void* block) noexcept;

  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;

  /// Owner. Throws std::bad_alloc.
  [[nodiscard]] void* allocate(std::size_t bytes) { return allocate_block(frame_class_of(bytes)); }
  [[nodiscard]] void* allocate_block(std::size_t size_class);
  /// Owner. Null: `allocate_block` has to do more than to take from a list.
  [[nodiscard]] void* try_allocate_block(std::size_t size_class) noexcept;
  /// Owner.
  void free_local(void* block, std::size_t bytes) noexcept {
    free_local_block(block, frame_class_of(bytes));
  }
  void free_local_block(void* block, std::size_t size_class) noexcept;
  /// Owner, of a block that another pool gave: it goes back with the next batch.
  void free_away(void* block, std::size_t bytes) noexcept;
  /// Owner. All batches go now.
  void hand_over() noexcept { away_.hand_over(); }
  void free_remote(void* block) noexcept;  // any thread, of this pool's blocks, at once

 private:
  struct Block {
    Block* next;
  };
  struct Slab;
  /// What is left of the newest slab of a class.
  struct Uncarved {
    std::byte* begin = nullptr;
    std::size_t blocks = 0;
  };

  static constexpr std::size_t kCarvedBytes = 4096;  // at a time; a page, which is touched then
  // A megabyte from the allocator, which touches a page of its own beside each piece that it gives.
  static constexpr std::size_t kSlabsAtOnce = 16;

  FramePool() = default;
  static FramePool& add_to_registry();
  void refill(std::size_t size_class);
  void add_slab(std::size_t size_class);
  void carve(std::size_t size_class) noexcept;
  void collect_remote() noexcept;

  std::array<Block*, frame_classes> free_{};
  std::array<Counter, frame_classes> given_;  // blocks taken from the lists less freed by the owner
  std::array<Uncarved, frame_classes> uncarved_{};
  std::byte* next_slab_ = nullptr;
  std::size_t slabs_ahead_ = 0;
  Counter carved_bytes_;
  RemoteFrees<Block, MpscStack<Block>> away_;
  // What the owner has freed of other pools' blocks. Written by the owner alone, and read by those
  // who count.
  Atomic<std::uint64_t> away_blocks_{0};
  Atomic<std::uint64_t> away_bytes_{0};
  Slab* slabs_ = nullptr;           // never walked; it keeps them in sight of a leak checker
  FramePool* next_pool_ = nullptr;  // in the list of all pools
  std::size_t number_ = 0;          // among all pools
  bool in_use_ = true;
  alignas(128) MpscStack<Block> remote_;
  // What threads without a pool have freed since the pool was made, in blocks and bytes. Beside the
  // list, whose line the freeing thread has anyway.
  Atomic<std::uint64_t> remote_blocks_{0};
  Atomic<std::uint64_t> remote_bytes_{0};
};

struct FramePool::Slab {
  FramePool* owner;
  Slab* next;
  std::size_t size_class;
};

/// Blocks begin behind the slab's own words, aligned as malloc aligns.
inline constexpr std::size_t kSlabFirst = 32;

inline FramePool& FramePool::of(void* block) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(block) & ~(kSlabBytes - 1);
  return *reinterpret_cast<Slab*>(address)->owner;
}

inline void* FramePool::try_allocate_block(std::size_t size_class) noexcept {
  Block* block = free_[size_class];
  if (block == nullptr) [[unlikely]]
    return nullptr;
  free_[size_class] = block->next;
  given_[size_class] += 1;
  return block;
}

inline void* FramePool::allocate_block(std::size_t size_class) {
  if (void* block = try_allocate_block(size_class)) [[likely]]
    return block;
  refill(size_class);
  return try_allocate_block(size_class);
}

inline void FramePool::free_local_block(void* memory, std::size_t size_class) noexcept {
  auto* block = static_cast<Block*>(memory);
  block->next = free_[size_class];
  free_[size_class] = block;
  given_[size_class] -= 1;
}

}  // namespace rota::inline v0
