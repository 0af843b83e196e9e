#include "task/stack_pool.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cerrno>
#include <cstdio>

namespace rota::inline v0 {

namespace {

// Of <asm-generic/mman-common.h> since Linux 6.13; the baseline's headers do not have it.
constexpr int kGuardInstall = 102;

// Maps that a stack with a guard of its own protection costs: itself and the guard.
constexpr std::size_t kMapsPerStack = 2;

std::size_t page_bytes() noexcept {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

/// The kernel's default where it cannot be read.
std::size_t max_maps() noexcept {
  constexpr std::size_t kDefaultMaps = 65530;
  std::FILE* file = std::fopen("/proc/sys/vm/max_map_count", "re");
  if (file == nullptr) return kDefaultMaps;
  std::size_t maps = 0;
  const int fields = std::fscanf(file, "%zu", &maps);
  std::fclose(file);
  return fields == 1 ? maps : kDefaultMaps;
}

}  // namespace

StackPool::Limits StackPool::limits_of_process() noexcept {
  constexpr std::size_t kKept = 256;         // 16 MiB of default stacks at most
  constexpr std::size_t kReservedMaps = 1024;  // for malloc, libraries and threads
  const std::size_t maps = max_maps();
  const std::size_t ours = maps > 2 * kReservedMaps ? maps - kReservedMaps : maps / 2;
  return {.kept = kKept, .by_protection = ours / kMapsPerStack};
}

StackPool& StackPool::process() {
  static StackPool& pool = *new StackPool(StackGuard::installed, limits_of_process());
  return pool;
}

StackPool::~StackPool() {
  assert(live_ == 0);
  for (Kept* kept : kept_of_size_) {
    while (kept != nullptr) {
      Kept* following = kept->next;
      unmap(kept->stack);
      kept = following;
    }
  }
}

std::size_t StackPool::size_of(std::size_t bytes) noexcept {
  return static_cast<std::size_t>(std::countr_zero(bytes / kSmallestBytes));
}

StackMemory StackPool::acquire(std::size_t bytes) {
  const std::size_t rounded = std::bit_ceil(std::max({bytes, kSmallestBytes, page_bytes()}));
  const std::size_t size = size_of(rounded);
  {
    SpinGuard guard(lock_);
    live_ += 1;
    if (size < kSizes && kept_of_size_[size] != nullptr) {
      Kept* kept = kept_of_size_[size];
      kept_of_size_[size] = kept->next;
      kept_ -= 1;
      return kept->stack;
    }
  }
  try {
    return map(rounded);
  } catch (const StackLimit&) {
    SpinGuard guard(lock_);
    live_ -= 1;
    throw;
  }
}

void StackPool::release(StackMemory stack) noexcept {
  const std::size_t size = size_of(stack.bytes);
  {
    SpinGuard guard(lock_);
    live_ -= 1;
    if (size < kSizes && kept_ < limits_.kept) {
      auto* top = reinterpret_cast<Kept*>(stack.lowest + stack.bytes) - 1;
      kept_of_size_[size] = new (top) Kept{kept_of_size_[size], stack};
      kept_ += 1;
      return;
    }
  }
  unmap(stack);
}

StackMemory StackPool::map(std::size_t bytes) {
  const std::size_t page = page_bytes();
  void* mapped = mmap(nullptr, page + bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    throw StackLimit("rota: no memory for a fiber's stack: mmap failed, by vm.max_map_count or by "
                     "a limit of address space");
  }
  auto* lowest = static_cast<std::byte*>(mapped);
  StackMemory stack{.lowest = lowest + page, .bytes = bytes, .guard = StackGuard::installed};
  if (guard_by_install(lowest, page)) return stack;
  try {
    guard_by_protection(lowest, page);
  } catch (const StackLimit&) {
    munmap(mapped, page + bytes);
    throw;
  }
  stack.guard = StackGuard::protection;
  return stack;
}

bool StackPool::guard_by_install(std::byte* page, std::size_t bytes) noexcept {
  if (guard() != StackGuard::installed) return false;
  if (madvise(page, bytes, kGuardInstall) == 0) return true;
  SpinGuard guard(lock_);
  guard_ = StackGuard::protection;
  return false;
}

void StackPool::guard_by_protection(std::byte* page, std::size_t bytes) {
  {
    SpinGuard guard(lock_);
    if (by_protection_ == limits_.by_protection) {
      throw StackLimit("rota: no memory map left for a fiber's stack: the guards have reached "
                       "the share of vm.max_map_count that is theirs; raise it, or run on "
                       "Linux 6.13 or later, where guards cost no maps");
    }
    by_protection_ += 1;
  }
  if (mprotect(page, bytes, PROT_NONE) == 0) return;
  {
    SpinGuard guard(lock_);
    by_protection_ -= 1;
  }
  throw StackLimit("rota: a fiber's stack cannot be guarded: mprotect failed, by "
                   "vm.max_map_count or for want of memory");
}

void StackPool::unmap(StackMemory stack) noexcept {
  const std::size_t page = page_bytes();
  munmap(stack.lowest - page, page + stack.bytes);
  if (stack.guard != StackGuard::protection) return;
  SpinGuard guard(lock_);
  by_protection_ -= 1;
}

std::size_t StackPool::live() noexcept {
  SpinGuard guard(lock_);
  return live_;
}

std::size_t StackPool::kept() noexcept {
  SpinGuard guard(lock_);
  return kept_;
}

StackGuard StackPool::guard() noexcept {
  SpinGuard guard(lock_);
  return guard_;
}

}  // namespace rota::inline v0
