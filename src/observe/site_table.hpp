#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/task_header.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <source_location>

#include "observe/task_kind.hpp"

namespace rota::inline v0 {

// The kinds of task that a worker has run, by the address of their spawn site.
//
// Rules
//   1. The worker alone puts in, and nothing is taken out before the table ends. So a reader of
//      any thread that has found a kind may go on reading it.
//   2. A slot is published by a release store, which hands over the site and the name.
//   3. It is bounded: `kMostKinds` of at most 5.2 KiB, allocated when first seen, once in the life
//      of a worker. What comes later, or finds no memory, counts among the `others`. Two slots per
//      kind, so a look-up in vain soon finds an empty one.
class SiteTable {
 public:
  static constexpr std::size_t kMostKinds = 64;

  SiteTable() = default;
  ~SiteTable();
  SiteTable(const SiteTable&) = delete;
  SiteTable& operator=(const SiteTable&) = delete;

  // What stands for a site: the address of what the compiler wrote about it, which is even.
  [[nodiscard]] static std::uintptr_t key_of(std::source_location site) noexcept {
    return std::bit_cast<std::uintptr_t>(site);
  }

  // The worker.
  TaskKind& find(SpawnLabel label) noexcept {
    TaskKind* kind = slots_[home_of(label.site())].load(MemoryOrder::relaxed);
    if (kind != nullptr && same(kind->site, label.site())) [[likely]]
      return *kind;
    return find_or_add(label);
  }

  // Any thread. The others come last, if there are any.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Atomic<TaskKind*>& slot : slots_) {
      // Acquire: rule 2.
      if (const TaskKind* kind = slot.load(MemoryOrder::acquire)) visit(*kind);
    }
    visit(others_);
  }
  [[nodiscard]] const TaskKind& others() const noexcept { return others_; }

 private:
  static constexpr unsigned kSlotBits = 7;
  static constexpr std::size_t kSlots = std::size_t{1} << kSlotBits;
  static_assert(kSlots == 2 * kMostKinds);

  static bool same(std::source_location a, std::source_location b) noexcept {
    return key_of(a) == key_of(b);
  }
  // Fibonacci hashing: sites are neighbours in read-only memory, 24 bytes apart.
  static std::size_t home_of(std::source_location site) noexcept {
    constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;
    return (std::uint64_t{key_of(site)} * golden) >> (64 - kSlotBits);
  }

  [[nodiscard]] TaskKind& find_or_add(SpawnLabel label) noexcept;

  std::array<Atomic<TaskKind*>, kSlots> slots_;
  std::size_t kinds_ = 0;
  TaskKind others_;
};

}  // namespace rota::inline v0
