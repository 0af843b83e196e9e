#include "sched/frame_pool.hpp"

#include <cassert>
#include <cstdlib>
#include <new>

namespace rota::inline v0 {

namespace {

// Pools are never destroyed: whoever holds a frame may free it after every runtime is gone.
struct PoolRegistry {
  SpinLock lock;
  FramePool* first = nullptr;
  FramePool* shared = nullptr;
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
  auto* pool = new FramePool;
  pool->next_pool_ = registry.first;
  registry.first = pool;
  return *pool;
}

void FramePool::retire(FramePool& pool) noexcept {
  SpinGuard guard(registry.lock);
  pool.in_use_ = false;
}

void* FramePool::allocate_shared(std::size_t bytes) {
  SpinGuard guard(registry.lock);
  if (registry.shared == nullptr) {
    registry.shared = new FramePool;
    registry.shared->next_pool_ = registry.first;
    registry.first = registry.shared;
  }
  return registry.shared->allocate(bytes);
}

void FramePool::free_remote(void* memory) noexcept {
  const auto slab = reinterpret_cast<std::uintptr_t>(memory) & ~(kSlabBytes - 1);
  // Release: whoever counts this block as back has also counted it as given out.
  remote_bytes_.fetch_add(class_bytes(reinterpret_cast<Slab*>(slab)->size_class),
                          MemoryOrder::release);
  remote_blocks_.fetch_add(1, MemoryOrder::release);
  remote_.push(*static_cast<Block*>(memory));
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
  void* memory = std::aligned_alloc(kSlabBytes, kSlabBytes);
  if (memory == nullptr) throw std::bad_alloc();
  static_assert(sizeof(Slab) <= kSlabFirst);
  auto* slab = new (memory) Slab{this, slabs_, size_class};
  slabs_ = slab;
  const std::size_t step = class_bytes(size_class);
  auto* base = static_cast<std::byte*>(memory);
  // Carved from the end, so that the list begins with the lowest address.
  for (std::size_t at = kSlabFirst + (kSlabBytes - kSlabFirst) / step * step; at > kSlabFirst;) {
    at -= step;
    auto* block = reinterpret_cast<Block*>(base + at);
    block->next = free_[size_class];
    free_[size_class] = block;
  }
}

std::int64_t FramePool::live() const noexcept {
  const std::uint64_t back = remote_blocks_.load(MemoryOrder::acquire);
  std::uint64_t given = 0;
  for (const Counter& blocks : given_) given += blocks;
  return static_cast<std::int64_t>(given - back);
}

std::size_t FramePool::bytes_in_use() const noexcept {
  const std::uint64_t back = remote_bytes_.load(MemoryOrder::acquire);
  std::size_t given = 0;
  for (std::size_t size_class = 0; size_class < kClasses; ++size_class) {
    given += given_[size_class] * class_bytes(size_class);
  }
  return given - back;
}

std::size_t FramePool::bytes_everywhere() noexcept {
  SpinGuard guard(registry.lock);
  std::size_t sum = 0;
  for (FramePool* pool = registry.first; pool != nullptr; pool = pool->next_pool_) {
    sum += pool->bytes_in_use();
  }
  return sum;
}

std::int64_t FramePool::live_everywhere() noexcept {
  SpinGuard guard(registry.lock);
  std::int64_t sum = 0;
  for (FramePool* pool = registry.first; pool != nullptr; pool = pool->next_pool_) {
    sum += pool->live();
  }
  return sum;
}

}  // namespace rota::inline v0
