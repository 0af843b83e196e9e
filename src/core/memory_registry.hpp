#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/list.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace rota::inline v0 {

/// The RegisteredMemory of this process, for the rings of all its runtimes. Any thread.
///
/// 1. Who ends a region takes it out before the addresses are free. `version` changes with it
///    (release), and whoever was handed what lies at these addresses next sees that (acquire).
/// 2. So a ring that finds the version as it was when it copied the regions knows them all.
class MemoryRegistry {
 public:
  struct Region {
    std::byte* begin;
    std::size_t bytes;
    std::uint64_t number;  ///< no other has it, ever: an address may come again
  };

  constexpr MemoryRegistry() noexcept = default;
  MemoryRegistry(const MemoryRegistry&) = delete;
  MemoryRegistry& operator=(const MemoryRegistry&) = delete;

  /// False: there is no memory for it.
  [[nodiscard]] bool add(std::span<std::byte> memory) noexcept;
  /// What was added, by its address.
  void remove(const std::byte* begin) noexcept;

  /// Whether a ring may have pinned a part of this.
  [[nodiscard]] bool meets(std::span<const std::byte> memory) const noexcept;

  /// Grows with each change; 0: there has been none.
  [[nodiscard]] std::uint64_t version() const noexcept {
    return version_.load(MemoryOrder::acquire);
  }
  /// All regions, and the version that has them.
  std::uint64_t copy_to(std::vector<Region>& regions) const;

 private:
  struct Node : Region {
    Node* next = nullptr;
    Node* prev = nullptr;
  };

  void change_version() noexcept;

  Atomic<std::uint64_t> version_{0};  ///< written under mutex_
  mutable std::mutex mutex_;
  LinkedList<Node> nodes_;
};

[[nodiscard]] MemoryRegistry& memory_registry() noexcept;

}  // namespace rota::inline v0
