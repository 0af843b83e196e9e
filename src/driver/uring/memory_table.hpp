#pragma once

#include "core/memory_registry.hpp"
#include "driver/uring/ring.hpp"

#include <cstdint>
#include <vector>

namespace rota::inline v0 {

/// The RegisteredMemory that a ring has pinned. A transfer that lies in it needs no look at the
/// page tables, nor a hold of each page and its release.
///
/// 1. A region is pinned for the first transfer inside of it, and stays so until it ends. What the
///    kernel refuses, or finds no place, is not asked for again: plain entries do.
/// 2. Whoever ends a region only takes it out of the MemoryRegistry. The carrier compares versions
///    before each entry, so that none is for pages that are not there any more, and in each turn,
///    which gives them back.
/// 3. The pages are the kernel's own hold: nothing that is in flight can meet others.
class UringMemoryTable {
 public:
  static constexpr std::uint32_t kPlaces = 64;

  explicit UringMemoryTable(UringRing& ring) noexcept : ring_(ring) {}

  /// Lets go of what has ended.
  void look() noexcept {
    if (memory_registry().version() != seen_) [[unlikely]]
      refresh();
  }
  /// Has the entry, a read or write that is prepared, use what is pinned if it lies there.
  void name(io_uring_sqe& entry) noexcept {
    look();
    if (!regions_.empty()) use(entry);
  }

 private:
  struct Known : MemoryRegistry::Region {
    std::int32_t place;  ///< or one of these two
  };
  static constexpr std::int32_t kUnasked = -1;
  static constexpr std::int32_t kRefused = -2;
  enum class State : std::uint8_t { unasked, made, refused };

  void refresh() noexcept;
  void use(io_uring_sqe& entry) noexcept;
  [[nodiscard]] Known* find(std::uint64_t address, std::uint32_t bytes) noexcept;
  [[nodiscard]] std::int32_t pin(const Known& region) noexcept;
  void make() noexcept;
  [[nodiscard]] bool put(std::int32_t place, void* begin, std::size_t bytes) noexcept;

  UringRing& ring_;
  State state_ = State::unasked;
  std::uint64_t seen_ = 0;  ///< the version that regions_ has
  std::uint64_t taken_ = 0; ///< a bit for each place
  std::vector<Known> regions_;  ///< in order of address
  std::vector<Known> before_;
  std::vector<MemoryRegistry::Region> copy_;
};
static_assert(UringMemoryTable::kPlaces == 64, "a bit for each in one word");

}  // namespace rota::inline v0
