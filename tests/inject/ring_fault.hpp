#pragma once

#include <cstdint>

namespace rota::testing_inject {

/// In the place of a tag that the driver has: what fails is not the entry but its last result.
inline constexpr std::uint8_t kAtItsEnd = 7;

/// What a ring is asked for: the call, and what the driver wants with it (its UringTag).
struct EntryKind {
  std::uint8_t opcode = 0;
  std::uint8_t tag = 0;

  friend constexpr bool operator==(EntryKind, EntryKind) = default;
};

/// The entries of one kind that fail.
struct RingFault {
  EntryKind kind;
  std::int32_t error = 0;
  std::uint32_t which = 0;  ///< of all in this process, from 1; 0: each
  bool spares_threads = false;  ///< an entry that a thread of the kernel is asked for does not fail
};

/// Whether the kernel has entries that fail as they are told.
[[nodiscard]] bool entries_can_fail() noexcept;

/// Counts what rings are asked for from here on, and has what `fault` says fail. Before any ring
/// is made.
void watch_entries(const RingFault* fault = nullptr) noexcept;

/// Writes a line to stdout for every kind that was counted: opcode, tag, count.
void print_entries() noexcept;

}  // namespace rota::testing_inject
