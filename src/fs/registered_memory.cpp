#include <rota/registered_memory.hpp>

#include <rota/core/throwing.hpp>

#include "core/memory_registry.hpp"

#include <sys/mman.h>

namespace rota::inline v0 {

RegisteredMemory::RegisteredMemory(std::size_t bytes) {
  if (bytes == 0) return;
  void* pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw_no_memory();
  auto* memory = static_cast<std::byte*>(pages);
  if (!memory_registry().add({memory, bytes})) {
    ::munmap(pages, bytes);
    throw_no_memory();
  }
  memory_ = memory;
  bytes_ = bytes;
}

RegisteredMemory::~RegisteredMemory() {
  if (memory_ == nullptr) return;
  memory_registry().remove(memory_);
  ::munmap(memory_, bytes_);
}

}  // namespace rota::inline v0
