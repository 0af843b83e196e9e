#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/held_permits.hpp>
#include <rota/core/permits.hpp>

#include <optional>
#include <utility>

namespace rota::inline v0 {

class Mutex;

/// Holds a Mutex until it is destroyed, or unlocked before. Move-only.
class MutexGuard : public LockGuard {
 private:
  friend class ConditionWait;
  friend class GuardLeaf<MutexGuard>;
  friend class Mutex;

  using LockGuard::LockGuard;
};
/// The leaf of `Mutex::lock`.
using MutexLeaf = GuardLeaf<MutexGuard>;

/// Mutual exclusion between tasks, across waits: whoever has to wait parks, and its worker runs
/// others meanwhile.
///
/// Fair: unlocking hands the lock to the task that has waited longest, and nobody goes past one
/// that waits. Not recursive: whoever locks what it holds waits for ever. 16 bytes, and 48 of a
/// task that waits.
///
/// @threads any
/// @loses its place in the line; one that was given the lock at the same moment has it
/// @owns the lock is its guard's, which any thread may destroy; the mutex outlives guards and
/// waiters
/// @errors none
///
///     Result<MutexGuard> guard = co_await mutex.lock();
class Mutex {
 public:
  Mutex() = default;
  ~Mutex() {
    check_usage(permits_.available() == 1 && !permits_.anybody_waits(),
                "a Mutex was destroyed while it was locked or tasks waited for it");
  }
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  [[nodiscard]] Await<MutexLeaf> lock() noexcept {
    return Await<MutexLeaf>(std::in_place, permits_, 1U);
  }
  /// Empty: somebody has it. Never waits.
  [[nodiscard]] std::optional<MutexGuard> try_lock() noexcept;

 private:
  Permits permits_{1};
};

}  // namespace rota::inline v0
