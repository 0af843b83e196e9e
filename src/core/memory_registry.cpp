#include "core/memory_registry.hpp"

#include <new>

namespace rota::inline v0 {
namespace {

/// Without a constructor or a destructor that runs: memory may be older than any object of the
/// program's, and outlive it.
constinit MemoryRegistry the_registry;

}  // namespace

MemoryRegistry& memory_registry() noexcept { return the_registry; }

bool MemoryRegistry::add(std::span<std::byte> memory) noexcept {
  const std::lock_guard lock(mutex_);
  change_version();
  auto* node = new (std::nothrow) Node{{memory.data(), memory.size(), version()}};
  if (node == nullptr) return false;
  nodes_.push_back(*node);
  return true;
}

void MemoryRegistry::remove(const std::byte* begin) noexcept {
  const std::lock_guard lock(mutex_);
  Node* node = nodes_.front();
  while (node->begin != begin) node = node->next;
  nodes_.remove(*node);
  delete node;
  change_version();
}

bool MemoryRegistry::meets(std::span<const std::byte> memory) const noexcept {
  if (version() == 0) return false;
  const std::byte* const end = memory.data() + memory.size();
  std::lock_guard lock(mutex_);
  for (const Node* each = nodes_.front(); each != nullptr; each = each->next) {
    if (memory.data() < each->begin + each->bytes && each->begin < end) return true;
  }
  return false;
}

std::uint64_t MemoryRegistry::copy_to(std::vector<Region>& regions) const {
  const std::lock_guard lock(mutex_);
  regions.clear();
  for (const Node* node = nodes_.front(); node != nullptr; node = node->next) {
    regions.push_back(*node);
  }
  return version();
}

void MemoryRegistry::change_version() noexcept {
  version_.store(version_.load(MemoryOrder::relaxed) + 1, MemoryOrder::release);
}

}  // namespace rota::inline v0
