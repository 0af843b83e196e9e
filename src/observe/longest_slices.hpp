#pragma once

#include <rota/core/instant.hpp>
#include <rota/core/spin_lock.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>

#include "observe/task_kind.hpp"

namespace rota::inline v0 {

/// One run of a task, from when it was given the worker until it gave it back.
struct Slice {
  TaskName name;
  std::source_location site;
  std::uint64_t ns = 0;
  Instant began;
  std::uint32_t among = 1;  ///< runs that one stamp was for: it was one of them
};

/// The longest of all slices that were offered, the longest first. One thread at a time offers;
/// any thread copies, under a lock that an offer takes only when it is long enough.
class LongestSlices {
 public:
  static constexpr std::size_t kKept = 16;
  using Kept = std::array<Slice, kKept>;  ///< those of no time at all are none

  [[nodiscard]] bool would_keep(std::uint64_t ns) const noexcept { return ns > kept_.back().ns; }
  void offer(const Slice& slice) noexcept {
    if (!would_keep(slice.ns)) return;
    SpinGuard guard(lock_);
    const auto shorter = [&slice](const Slice& other) { return other.ns < slice.ns; };
    const auto place = std::ranges::find_if(kept_, shorter);
    std::move_backward(place, kept_.end() - 1, kept_.end());
    *place = slice;
  }
  [[nodiscard]] Kept copy() const noexcept {
    SpinGuard guard(lock_);
    return kept_;
  }

 private:
  mutable SpinLock lock_;
  Kept kept_;  // Written under the lock; the one that offers reads it without.
};

}  // namespace rota::inline v0
