#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/permits.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <optional>
#include <utility>

namespace rota::inline v0 {

class MutexGuard;
class MutexLeaf;

/// Mutual exclusion between tasks, across waits: whoever has to wait parks, and its worker runs
/// others meanwhile.
///
/// Thread class: *any thread*; the lock belongs to its guard, not to a thread. Fair: unlocking
/// hands the lock to the task that has waited longest, and nobody goes past one that waits.
/// A cancelled `lock` ends with `operation_canceled` and without the lock; one that was given the
/// lock at the same moment has it. Not recursive: whoever locks what it holds waits for ever. The
/// mutex must outlive its guards and its waiters. 24 bytes, and 48 of a task that waits.
///
///     Result<MutexGuard> guard = co_await mutex.lock();
class Mutex : private Permits {
 public:
  Mutex() noexcept : Permits(1) {}
  ~Mutex() {
    check_usage(available() == 1 && !anybody_waits(),
                "a Mutex was destroyed while it was locked or tasks waited for it");
  }
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  [[nodiscard]] Await<MutexLeaf> lock() noexcept;
  /// Empty: somebody has it. Never waits.
  [[nodiscard]] std::optional<MutexGuard> try_lock() noexcept;

 private:
  friend class ConditionWait;
  friend class MutexGuard;
  friend class MutexLeaf;
};

/// Holds a Mutex until it is destroyed, or unlocked before. Move-only.
class [[nodiscard]] MutexGuard {
 public:
  MutexGuard(MutexGuard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
  MutexGuard& operator=(MutexGuard&& other) noexcept {
    if (this != &other) {
      unlock();
      mutex_ = std::exchange(other.mutex_, nullptr);
    }
    return *this;
  }
  ~MutexGuard() { unlock(); }

  /// Any thread. Once; what was moved from, or unlocked, holds nothing.
  void unlock() noexcept {
    if (mutex_ != nullptr) std::exchange(mutex_, nullptr)->give(1);
  }
  [[nodiscard]] bool owns_lock() const noexcept { return mutex_ != nullptr; }

 private:
  friend class ConditionWait;
  friend class Mutex;
  friend class MutexLeaf;

  explicit MutexGuard(Mutex& locked) noexcept : mutex_(&locked) {}

  Mutex* mutex_;
};

/// The leaf of `Mutex::lock`.
class MutexLeaf : public PermitWait {
 public:
  static constexpr bool any_thread = true;
  static constexpr bool yields_guard = true;

  explicit MutexLeaf(Mutex& mutex) noexcept : PermitWait(mutex, 1) {}

  bool start(Runnable& self) noexcept { return mutex().start(*this, self); }
  [[nodiscard]] Result<MutexGuard> finish() const noexcept {
    if (stopped()) return failure(ECANCELED);
    return MutexGuard(mutex());
  }

 private:
  [[nodiscard]] Mutex& mutex() const noexcept { return static_cast<Mutex&>(room()); }
};

inline Await<MutexLeaf> Mutex::lock() noexcept { return Await<MutexLeaf>(std::in_place, *this); }

inline std::optional<MutexGuard> Mutex::try_lock() noexcept {
  if (!try_take(1)) return std::nullopt;
  return MutexGuard(*this);
}

}  // namespace rota::inline v0
