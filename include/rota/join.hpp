#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/throwing.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace rota::inline v0 {

/// How a joined task ended: with a value, with an exception, or not at all because the one that
/// waits was told to stop (the task itself goes on and can be joined again).
template <class T>
class Joined {
 public:
  enum class Kind : std::uint8_t { value, exception, stopped };
  using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  explicit Joined(Kind kind) noexcept : kind_(kind) {}
  explicit Joined(std::exception_ptr error) noexcept
      : kind_(Kind::exception), error_(std::move(error)) {}

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] bool has_value() const noexcept { return kind_ == Kind::value; }
  explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] const std::exception_ptr& exception() const noexcept { return error_; }

  /// The value; rethrows the exception; when stopped it throws what a cancelled Result's `.value()`
  /// throws, a `std::bad_expected_access` of `operation_canceled`.
  T value() && {
    if (kind_ == Kind::exception) std::rethrow_exception(error_);
    if (kind_ == Kind::stopped) throw_canceled();
    if constexpr (!std::is_void_v<T>) return std::move(*value_);
  }

  template <class U>
  void emplace(U&& result) {
    value_.emplace(std::forward<U>(result));
  }

 private:
  Kind kind_;
  std::optional<Stored> value_;
  std::exception_ptr error_;
};

/// The leaf of `JoinHandle::join`.
template <class T>
class JoinLeaf : public Leaf {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;
  using Frame = typename Task<T>::Handle;

  JoinLeaf(TaskHeader& task, Frame frame) noexcept : task_(task), frame_(frame) {}

  bool start(Runnable& self) noexcept {
    waiter = &self;
    cancel = [](Leaf& leaf) noexcept { static_cast<JoinLeaf&>(leaf).stop_waiting(); };
    park(*this);
    if (wait_for_end(task_, self)) return true;
    check_usage(task_.join.is_done(), "one task joins a handle at a time");
    self.task->parked = 0;
    return false;
  }
  void refuse() noexcept { stopped_ = !task_.join.is_done(); }
  Joined<T> finish() {
    if (stopped_) return Joined<T>(Joined<T>::Kind::stopped);
    if (task_.failed()) return Joined<T>(hand_out_error(task_));
    Joined<T> joined(Joined<T>::Kind::value);
    if constexpr (!std::is_void_v<T>) joined.emplace(frame_.promise().take());
    return joined;
  }

 private:
  void stop_waiting() noexcept {
    // When it fails the task has ended and its wake is on the way: success wins.
    if (!task_.join.stop_waiting(waiter)) return;
    stopped_ = true;
    requeue(*waiter);
  }

  TaskHeader& task_;
  Frame frame_;
  bool stopped_ = false;
};

/// The right to wait for a spawned task and to take its result, once.
///
/// @threads any thread may hold, move and drop it and call `request_stop`; one task at a time joins
/// @loses nothing: the join yields `stopped`, and the task can be joined again
/// @owns the task is its scope's; a dropped handle leaves it there
/// @errors none of its own: what the task throws is thrown by `Joined::value`
template <class T = void>
class JoinHandle {
 public:
  using Frame = typename Task<T>::Handle;

  JoinHandle(TaskHeader& task, Frame frame) noexcept : task_(&task), frame_(frame) {}
  JoinHandle(JoinHandle&& other) noexcept
      : task_(std::exchange(other.task_, nullptr)), frame_(std::exchange(other.frame_, {})) {}
  JoinHandle& operator=(JoinHandle&& other) noexcept {
    if (this != &other) {
      drop();
      task_ = std::exchange(other.task_, nullptr);
      frame_ = std::exchange(other.frame_, {});
    }
    return *this;
  }
  ~JoinHandle() { drop(); }

  /// Waits for the end of the task.
  [[nodiscard]] Await<JoinLeaf<T>> join() noexcept {
    check_usage(task_ != nullptr, "join of a JoinHandle that was moved from");
    return Await<JoinLeaf<T>>(std::in_place, *task_, frame_);
  }
  /// Asks the task to stop. It ends in its own time, by ordinary return. A task that has ended is
  /// left alone: its runtime may be gone.
  void request_stop() noexcept {
    if (!is_done()) rota::request_stop(*task_);
  }
  [[nodiscard]] bool is_done() const noexcept { return task_->join.is_done(); }

  [[nodiscard]] TaskHeader& task() const noexcept { return *task_; }
  /// The value of a task that is done and did not fail; once.
  T take() { return frame_.promise().take(); }

 private:
  void drop() noexcept {
    if (task_ == nullptr) return;
    TaskHeader* task = std::exchange(task_, nullptr);
    // A task that is done needs no exchange to find out who frees.
    if (!task->join.is_done()) {
      check_usage(!task->join.has_waiter(), "a JoinHandle was dropped while a task joins it");
      if (!task->join.detach()) return;
    }
    std::exchange(frame_, {}).destroy();
    free_task(*task);
  }

  TaskHeader* task_;
  Frame frame_;
};

/// Where and under what name a task is spawned. The site is the caller's.
struct SpawnOptions {
  const char* name = nullptr;  ///< a literal, or a string that outlives the task

  SpawnOptions() = default;
  explicit SpawnOptions(const char* task_name) noexcept : name(task_name) {}
};

/// What starting a task gives to whoever started it.
template <class T>
JoinHandle<T> started(TaskHeader& header, Task<T>& task) noexcept {
  // It may run already, elsewhere; from here on the frame belongs to its end and to the handle.
  return JoinHandle<T>(header, task.release());
}

/// Starts `task` as a child of `scope`. Any thread; does not block; throws std::bad_alloc.
template <class T>
JoinHandle<T> spawn_into(ScopeCore& scope, Task<T> task, SpawnOptions options,
                         std::source_location site) {
  check_usage(task.handle() != nullptr, task_is_gone);
  TaskHeader& header = start_task(scope, task.handle().promise(), options.name, site);
  return started(header, task);
}
/// The same outside any scope. Only in a task.
template <class T>
JoinHandle<T> spawn_into_root(Task<T> task, SpawnOptions options, std::source_location site) {
  check_usage(task.handle() != nullptr, task_is_gone);
  TaskHeader& header = start_root_task(task.handle().promise(), options.name, site);
  return started(header, task);
}
/// The same on a worker that the caller names.
template <class T>
JoinHandle<T> spawn_into_on(WorkerIndex worker, ScopeCore& scope, Task<T> task,
                            SpawnOptions options, std::source_location site) {
  check_usage(task.handle() != nullptr, task_is_gone);
  TaskHeader& header = start_task_on(worker, scope, task.handle().promise(), options.name, site);
  return started(header, task);
}

}  // namespace rota::inline v0
