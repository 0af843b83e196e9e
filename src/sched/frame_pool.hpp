#pragma once

#include <rota/core/mpsc_stack.hpp>
#include <rota/core/spin_lock.hpp>

#include "core/counter.hpp"

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
/// 4. Slabs stay with the pool, and pools stay for ever: a frame may outlive its runtime. A pool
///    whose worker is gone is given to the next worker.
/// 5. Frames above `kLargestBlock` come from the global allocator.
class FramePool {
 public:
  static constexpr std::size_t kSlabBytes = 64 * 1024;
  static constexpr std::size_t kLargestBlock = 4096;

  /// A pool for a new worker: one that is free, or a new one. Throws std::bad_alloc.
  static FramePool& acquire();
  /// The owner is gone.
  static void retire(FramePool& pool) noexcept;
  /// For threads that carry no worker: under a lock.
  static void* allocate_shared(std::size_t bytes);
  /// The pool that a block came from, by its address; `bytes` <= kLargestBlock.
  static FramePool& of(void* block) noexcept;

  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;

  [[nodiscard]] void* allocate(std::size_t bytes);          // owner
  /// Owner. Null: `allocate` has to do more than to take from a list.
  [[nodiscard]] void* try_allocate(std::size_t bytes) noexcept;
  void free_local(void* block, std::size_t bytes) noexcept; // owner
  void free_remote(void* block) noexcept;                   // any thread

  /// Blocks given out and not yet back, and their bytes. Any thread; exact when none allocates or
  /// frees, and never below zero.
  [[nodiscard]] std::int64_t live() const noexcept;
  [[nodiscard]] std::size_t bytes_in_use() const noexcept;

  /// The same of all pools.
  [[nodiscard]] static std::int64_t live_everywhere() noexcept;
  [[nodiscard]] static std::size_t bytes_everywhere() noexcept;

 private:
  struct Block {
    Block* next;
  };
  struct Slab;

  static constexpr std::size_t kFineStep = 16;      // classes of 16 bytes up to 512
  static constexpr std::size_t kFineLimit = 512;
  static constexpr std::size_t kCoarseStep = 256;   // then of 256 bytes
  static constexpr std::size_t kClasses =
      kFineLimit / kFineStep + (kLargestBlock - kFineLimit) / kCoarseStep;

  FramePool() = default;
  static std::size_t class_of(std::size_t bytes) noexcept;
  static std::size_t class_bytes(std::size_t size_class) noexcept;
  void refill(std::size_t size_class);
  void collect_remote() noexcept;

  std::array<Block*, kClasses> free_{};
  std::array<Counter, kClasses> given_;  // blocks taken from the lists less freed by the owner
  Slab* slabs_ = nullptr;             // never walked; it keeps them in sight of a leak checker
  FramePool* next_pool_ = nullptr;    // in the list of all pools
  bool in_use_ = true;
  alignas(128) MpscStack<Block> remote_;
  // What other threads have freed since the pool was made, in blocks and bytes. Beside the list,
  // whose line the freeing thread has anyway.
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

inline std::size_t FramePool::class_of(std::size_t bytes) noexcept {
  if (bytes <= kFineLimit) return (bytes + kFineStep - 1) / kFineStep - (bytes != 0 ? 1 : 0);
  return kFineLimit / kFineStep + (bytes - kFineLimit + kCoarseStep - 1) / kCoarseStep - 1;
}

inline std::size_t FramePool::class_bytes(std::size_t size_class) noexcept {
  constexpr std::size_t kFineClasses = kFineLimit / kFineStep;
  if (size_class < kFineClasses) return (size_class + 1) * kFineStep;
  return kFineLimit + (size_class - kFineClasses + 1) * kCoarseStep;
}

inline FramePool& FramePool::of(void* block) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(block) & ~(kSlabBytes - 1);
  return *reinterpret_cast<Slab*>(address)->owner;
}

inline void* FramePool::try_allocate(std::size_t bytes) noexcept {
  const std::size_t size_class = class_of(bytes);
  Block* block = free_[size_class];
  if (block == nullptr) [[unlikely]] return nullptr;
  free_[size_class] = block->next;
  given_[size_class] += 1;
  return block;
}

inline void* FramePool::allocate(std::size_t bytes) {
  if (void* block = try_allocate(bytes)) [[likely]] return block;
  refill(class_of(bytes));
  return try_allocate(bytes);
}

inline void FramePool::free_local(void* memory, std::size_t bytes) noexcept {
  auto* block = static_cast<Block*>(memory);
  const std::size_t size_class = class_of(bytes);
  block->next = free_[size_class];
  free_[size_class] = block;
  given_[size_class] -= 1;
}

}  // namespace rota::inline v0
