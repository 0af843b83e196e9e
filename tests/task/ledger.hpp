#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>

namespace rota::testing_tasks {

/// What a process owns that a test must give back: taken before and after, the two must agree.
struct Ledger {
  std::int64_t frames = 0;     ///< blocks of all frame pools
  std::size_t open_fds = 0;
  std::size_t stacks = 0;      ///< of fibers, given out

  /// Only while no other thread allocates or frees frames.
  static Ledger now();

  friend bool operator==(const Ledger&, const Ledger&) = default;
};

/// For gtest's messages.
void PrintTo(const Ledger& ledger, std::ostream* out);

}  // namespace rota::testing_tasks
