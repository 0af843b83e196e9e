#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/held_permits.hpp>
#include <rota/core/permits.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace rota::inline v0 {

class SharedMutex;

/// Holds a SharedMutex for reading, beside others. Move-only.
class ReadGuard : public LockGuard {
 private:
  friend class GuardLeaf<ReadGuard>;
  friend class SharedMutex;

  using LockGuard::LockGuard;
};
/// Holds a SharedMutex for writing, alone. Move-only.
class WriteGuard : public LockGuard {
 private:
  friend class GuardLeaf<WriteGuard>;
  friend class SharedMutex;

  using LockGuard::LockGuard;
};
/// The leaf of `SharedMutex::lock_shared`.
using ReadLeaf = GuardLeaf<ReadGuard>;
/// The leaf of `SharedMutex::lock`.
using WriteLeaf = GuardLeaf<WriteGuard>;

/// A mutex that many may hold for reading at once, or one for writing.
///
/// Fair: all stand in one line, in the order in which they came. So a writer is not starved by
/// readers that keep coming: those that come after it wait behind it, and those next to each other
/// enter together. For the same reason a reader that locks again while a writer waits, waits for
/// ever. 16 bytes, and 48 of a task that waits.
///
/// @as Mutex
/// @loses its place in the line; those behind it are let in; one that was given the lock at the
/// same moment has it
///
///     Result<ReadGuard> guard = co_await mutex.lock_shared();
class SharedMutex {
 public:
  SharedMutex() = default;
  ~SharedMutex() {
    check_usage(permits_.available() == kAll && !permits_.anybody_waits(),
                "a SharedMutex was destroyed while it was locked or tasks waited for it");
  }
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;

  /// For writing.
  [[nodiscard]] Await<WriteLeaf> lock() noexcept {
    return Await<WriteLeaf>(std::in_place, permits_, kAll);
  }
  /// For reading.
  [[nodiscard]] Await<ReadLeaf> lock_shared() noexcept {
    return Await<ReadLeaf>(std::in_place, permits_, kOne);
  }
  /// Empty: somebody has it. Never waits.
  [[nodiscard]] std::optional<WriteGuard> try_lock() noexcept;
  /// Empty: a writer has it, or waits for it. Never waits.
  [[nodiscard]] std::optional<ReadGuard> try_lock_shared() noexcept;

 private:
  // A reader has one permit, a writer all there are.
  static constexpr std::uint32_t kOne = 1;
  static constexpr std::uint32_t kAll = PermitWord::kMost;

  Permits permits_{kAll};
};

}  // namespace rota::inline v0
