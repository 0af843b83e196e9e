#include "sched/frame_pool.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

namespace rota::inline v0 {

namespace {

// Pools are never destroyed: whoever holds a frame may free it after every runtime is gone.
struct PoolRegistry {
  SpinLock lock;
  FramePool* first = nullptr;
  FramePool* shared = nullptr;
  std::size_t pools = 0;
};

constinit PoolRegistry registry;

}  // namespace

FramePool& FramePool::acquire() {
  SpinGuard guard(registry.lock);
  for (FramePool* pool = registry.first; pool != nullptr; pool = pool->next_pool_) {
    if (pool->in_use_) continue;
    pool->in_use_ = true;
    return *pool;
  }
  return add_to_registry();
}

/// Under the lock.
FramePool& FramePool::add_to_registry() {
  auto* pool = new FramePool;
  pool->number_ = registry.pools++;
  pool->next_pool_ = registry.first;
  registry.first = pool;
  return *pool;
}

void FramePool::retire(FramePool& pool) noexcept {
  pool.hand_over();
  SpinGuard guard(registry.lock);
  pool.in_use_ = false;
}

void* FramePool::allocate_shared(std::size_t bytes) {
  SpinGuard guard(registry.lock);
  if (registry.shared == nullptr) registry.shared = &add_to_registry();
  return registry.shared->allocate(bytes);
}

void FramePool::free_remote(void* memory) noexcept {
  const auto slab = reinterpret_cast<std::uintptr_t>(memory) & ~(kSlabBytes - 1);
  // Release: whoever counts this block as back has also counted it as given out.
  remote_bytes_.fetch_add(frame_class_bytes(reinterpret_cast<Slab*>(slab)->size_class),
                          MemoryOrder::release);
  remote_blocks_.fetch_add(1, MemoryOrder::release);
  remote_.push(*static_cast<Block*>(memory));
}

void FramePool::free_away(void* memory, std::size_t bytes) noexcept {
  // Release: whoever counts this block as back has also counted it as given out.
  away_bytes_.store(
      away_bytes_.load(MemoryOrder::relaxed) + frame_class_bytes(frame_class_of(bytes)),
      MemoryOrder::release);
  away_blocks_.store(away_blocks_.load(MemoryOrder::relaxed) + 1, MemoryOrder::release);
  FramePool& home = of(memory);
  away_.add(home.number_, home.remote_, *static_cast<Block*>(memory));
}

void FramePool::collect_remote() noexcept {
  for (Block* block = remote_.take_all(); block != nullptr;) {
    Block* following = block->next;
    const auto slab = reinterpret_cast<std::uintptr_t>(block) & ~(kSlabBytes - 1);
    Block*& head = free_[reinterpret_cast<Slab*>(slab)->size_class];
    block->next = head;
    head = block;
    block = following;
  }
}

void FramePool::refill(std::size_t size_class) {
  collect_remote();
  if (free_[size_class] != nullptr) return;
  if (uncarved_[size_class].blocks == 0) add_slab(size_class);
  carve(size_class);
}

void FramePool::add_slab(std::size_t size_class) {
  if (slabs_ahead_ == 0) {
    void* memory = std::aligned_alloc(kSlabBytes, kSlabsAtOnce * kSlabBytes);
    if (memory == nullptr) throw std::bad_alloc();
    next_slab_ = static_cast<std::byte*>(memory);
    slabs_ahead_ = kSlabsAtOnce;
  }
  std::byte* memory = std::exchange(next_slab_, next_slab_ + kSlabBytes);
  slabs_ahead_ -= 1;
  static_assert(sizeof(Slab) <= kSlabFirst);
  slabs_ = new (memory) Slab{this, slabs_, size_class};
  uncarved_[size_class] = {memory + kSlabFirst,
                           (kSlabBytes - kSlabFirst) / frame_class_bytes(size_class)};
}

void FramePool::carve(std::size_t size_class) noexcept {
  Uncarved& uncarved = uncarved_[size_class];
  const std::size_t step = frame_class_bytes(size_class);
  const std::size_t count =
      std::min(std::max<std::size_t>(kCarvedBytes / step, 1), uncarved.blocks);
  // From the end, so that the list begins with the lowest address.
  for (std::size_t left = count; left > 0; --left) {
    auto* block = reinterpret_cast<Block*>(uncarved.begin + (left - 1) * step);
    block->next = free_[size_class];
    free_[size_class] = block;
  }
  uncarved.begin += count * step;
  uncarved.blocks -= count;
  carved_bytes_ += count * step;
}

/// What is back is counted first, or a block could be back that was not given yet.
FramePool::Use FramePool::use() noexcept {
  SpinGuard guard(registry.lock);
  std::uint64_t blocks_back = 0;
  std::uint64_t bytes_back = 0;
  for (const FramePool* pool = registry.first; pool != nullptr; pool = pool->next_pool_) {
    // Acquire pairs with free_away and free_remote.
    blocks_back += pool->away_blocks_.load(MemoryOrder::acquire) +
                   pool->remote_blocks_.load(MemoryOrder::acquire);
    bytes_back += pool->away_bytes_.load(MemoryOrder::acquire) +
                  pool->remote_bytes_.load(MemoryOrder::acquire);
  }
  std::uint64_t blocks = 0;
  std::uint64_t bytes = 0;
  std::uint64_t peak_bytes = 0;
  for (const FramePool* pool = registry.first; pool != nullptr; pool = pool->next_pool_) {
    for (std::size_t size_class = 0; size_class < frame_classes; ++size_class) {
      const std::uint64_t given = pool->given_[size_class];
      blocks += given;
      bytes += given * frame_class_bytes(size_class);
    }
    peak_bytes += pool->carved_bytes_;
  }
  return {static_cast<std::int64_t>(blocks - blocks_back), bytes - bytes_back, peak_bytes};
}

}  // namespace rota::inline v0
