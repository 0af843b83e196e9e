#include <rota/memory_advice.hpp>

#include "core/memory_registry.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace rota::inline v0 {

namespace {

/// No kernel knows it. What a ring has pinned it would go on reading and writing.
constexpr int kRefused = -1;

int native_advice(MemoryAdvice advice) noexcept {
  // Of Linux 5.14, for headers that are older.
  constexpr int populate_read = 22;
  constexpr int populate_write = 23;
  switch (advice) {
    case MemoryAdvice::bring_in: return populate_read;
    case MemoryAdvice::bring_in_to_write: return populate_write;
    case MemoryAdvice::read_ahead: return MADV_WILLNEED;
    case MemoryAdvice::cool: return MADV_COLD;
    case MemoryAdvice::page_out: return MADV_PAGEOUT;
    case MemoryAdvice::drop: return MADV_DONTNEED;
  }
  return MADV_NORMAL;
}

/// Memory from a page's begin to a page's end.
struct Pages {
  std::uintptr_t begin;
  std::size_t bytes;
};

Pages pages_of(std::span<const std::byte> memory, MemoryAdvice advice) noexcept {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto first = reinterpret_cast<std::uintptr_t>(memory.data());
  const std::uintptr_t end = first + memory.size();
  const auto down = [page](std::uintptr_t address) { return address & ~(page - 1); };
  const auto up = [&](std::uintptr_t address) { return down(address + page - 1); };
  if (memory.empty()) return {down(first), 0};
  if (advice != MemoryAdvice::drop) return {down(first), up(end) - down(first)};
  return {up(first), down(end) > up(first) ? down(end) - up(first) : 0};
}

}  // namespace

Await<StatusLeaf<MemoryRange>> advise_memory(std::span<const std::byte> memory,
                                             MemoryAdvice advice) noexcept {
  const Pages pages = pages_of(memory, advice);
  const bool drops_pinned = advice == MemoryAdvice::drop && memory_registry().meets(memory);
  const int native = drops_pinned ? kRefused : native_advice(advice);
  return Await<StatusLeaf<MemoryRange>>(std::in_place, nullptr, native,
                                        reinterpret_cast<void*>(pages.begin), pages.bytes);
}

}  // namespace rota::inline v0
