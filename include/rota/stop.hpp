#pragma once

#include <rota/await.hpp>
#include <rota/core/list.hpp>
#include <rota/core/spin_lock.hpp>
#include <rota/core/task_header.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/task.hpp>

#include <cstddef>

namespace rota::inline v0 {

class StopSource;

/// A region that a StopSource can stop.
struct StopLink : StopRegion {
  StopLink* next = nullptr;
  StopLink* prev = nullptr;
  TaskHeader* task = nullptr;
};

/// Whether the running task must stop: level-triggered, inherited by children. Every wait of a
/// task that must stop ends at once with `operation_canceled`; long computations ask here. In a
/// forking function also whether something has failed that it is a part of (fork.hpp).
[[nodiscard]] inline bool stop_requested() noexcept {
  const TaskHeader* task = current_task();
  return task != nullptr && (stop_due(*task) || fork_must_stop());
}

/// Asks whether its source was stopped. Valid as long as the source. Any thread.
class StopToken {
 public:
  explicit StopToken(StopSource& source) noexcept : source_(&source) {}
  [[nodiscard]] bool stop_requested() const noexcept;
  [[nodiscard]] StopSource& source() const noexcept { return *source_; }

 private:
  StopSource* source_;
};

/// Stops whatever runs under its token, in any number of tasks. Any thread. It must outlive the
/// tasks that use its token.
class StopSource {
 public:
  StopSource() = default;
  StopSource(const StopSource&) = delete;
  StopSource& operator=(const StopSource&) = delete;

  [[nodiscard]] StopToken token() noexcept { return StopToken(*this); }
  void request_stop() noexcept;
  [[nodiscard]] bool stop_requested() const noexcept {
    return requested_.load(MemoryOrder::acquire);
  }

  void add(StopLink& link) noexcept;
  void remove(StopLink& link) noexcept;

 private:
  [[nodiscard]] std::size_t stop_some(std::size_t left) noexcept;

  SpinLock lock_;
  Atomic<bool> requested_{false};
  LinkedList<StopLink> links_;  // under lock_, with their count
  std::size_t live_ = 0;
};

inline bool StopToken::stop_requested() const noexcept { return source_->stop_requested(); }

/// Puts a region around what the current task runs until the end of the block.
class RegionGuard {
 public:
  explicit RegionGuard(StopRegion& region) noexcept : region_(region) { enter_region(region_); }
  ~RegionGuard() { leave_region(region_); }
  RegionGuard(const RegionGuard&) = delete;
  RegionGuard& operator=(const RegionGuard&) = delete;

 private:
  StopRegion& region_;
};

/// Registers a region with a source for as long as it lives.
class StopRegistration {
 public:
  StopRegistration(StopSource& source, StopLink& link) noexcept : source_(source), link_(link) {
    link_.task = current_task();
    source_.add(link_);
  }
  ~StopRegistration() { source_.remove(link_); }
  StopRegistration(const StopRegistration&) = delete;
  StopRegistration& operator=(const StopRegistration&) = delete;

 private:
  StopSource& source_;
  StopLink& link_;
};

/// Runs `task` so that `token` stops it, besides what stops the caller.
///
/// @threads one task; the token: any thread
/// @loses what the task loses
/// @owns the task is in the frame that waits; the StopSource outlives it
/// @errors those of the task
template <class T>
Task<T> with_stop(StopToken token, Task<T> task) {
  StopLink region;
  RegionGuard guard(region);
  StopRegistration registration(token.source(), region);
  if constexpr (std::is_void_v<T>) {
    co_await std::move(task);
  } else {
    T result = co_await std::move(task);
    co_return result;
  }
}

/// Runs `task` so that no stop from outside reaches it: for clean-up. Its own timeouts do.
///
/// @threads one task
/// @loses nothing: no stop from outside reaches it
/// @owns the task is in the frame that waits
/// @errors those of the task
template <class T>
Task<T> shielded(Task<T> task) {
  StopRegion region(StopRegion::Kind::shield);
  RegionGuard guard(region);
  if constexpr (std::is_void_v<T>) {
    co_await std::move(task);
  } else {
    T result = co_await std::move(task);
    co_return result;
  }
}

}  // namespace rota::inline v0
