#pragma once

#include <rota/core/atomic.hpp>

namespace rota::inline v0 {

/// Gives the processor to another thread; used when a lock's holder was preempted.
void yield_thread() noexcept;

/// Waits for another thread that needs a few instructions, unless it is off the processor.
class SpinWait {
 public:
  void once() noexcept {
    if (spins_ < kSpins) {
      ++spins_;
      spin_pause();
    } else {
      yield_thread();
    }
  }

 private:
  static constexpr int kSpins = 100;  // about one uncontended section on another core

  int spins_ = 0;
};

/// A lock for sections of a few instructions, shared by tasks of several workers and by plain
/// threads. User code never runs under it, so a task that is taken over cannot be stuck inside
/// for longer than the operating system keeps its thread off the processor.
///
/// `locked_` is written by whoever locks (exchange, acquire: sees what the last holder wrote) and
/// by the holder (store, release).
class SpinLock {
 public:
  SpinLock() = default;
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  void lock() noexcept {
    if (!locked_.exchange(true, MemoryOrder::acquire)) [[likely]]
      return;
    lock_slowly();
  }
  void unlock() noexcept { locked_.store(false, MemoryOrder::release); }

 private:
  void lock_slowly() noexcept {
    for (SpinWait wait;; wait.once()) {
      if (!locked_.load(MemoryOrder::relaxed) && !locked_.exchange(true, MemoryOrder::acquire)) {
        return;
      }
    }
  }

  Atomic<bool> locked_{false};
};

/// Holds a SpinLock for the rest of a block.
class SpinGuard {
 public:
  explicit SpinGuard(SpinLock& lock) noexcept : lock_(lock) { lock_.lock(); }
  ~SpinGuard() { lock_.unlock(); }
  SpinGuard(const SpinGuard&) = delete;
  SpinGuard& operator=(const SpinGuard&) = delete;

 private:
  SpinLock& lock_;
};

}  // namespace rota::inline v0
