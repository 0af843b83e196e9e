#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/runnable.hpp>
#include <rota/core/worker_calls.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// What is said to whoever uses a Task that was awaited, spawned or moved away.
inline constexpr const char* task_is_gone =
    "a Task was awaited or spawned twice, or used after it was moved from";

/// What every frame of a task begins with: how to go on, and whom to go on with at the end.
struct FramePromise : Runnable {
  std::coroutine_handle<> continuation;  ///< the frame that awaits this one; null: a root

  FramePromise() noexcept { resume = resume_frame; }

  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept {
    free_frame(frame, bytes);
  }

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { task->fail(std::current_exception()); }
};

inline void resume_frame(Runnable& promise) noexcept {
  std::coroutine_handle<FramePromise>::from_promise(static_cast<FramePromise&>(promise)).resume();
}

/// The last suspension of a frame: goes on with whoever awaits it, by symmetric transfer, or ends
/// the root task.
class FinalAwaiter {
 public:
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) const noexcept {
    return leave(frame, frame.promise());
  }
  void await_resume() const noexcept {}

 private:
  [[gnu::noinline]] static std::coroutine_handle<> leave(std::coroutine_handle<> frame,
                                                         FramePromise& promise) noexcept {
    if (promise.continuation) return promise.continuation;
    TaskHeader& task = *promise.task;
    if (end_task(task) == TaskEnd::unowned) {
      frame.destroy();
      free_task(task);
    }
    return std::noop_coroutine();
  }
};

/// The result of a frame. The exception, if there is one, is in the task's header: one chain of
/// frames has at most one on its way.
template <class T>
struct TaskPromise : FramePromise {
  std::optional<T> value;

  template <class U = T>
    requires std::is_convertible_v<U&&, T>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct TaskPromise<void> : FramePromise {
  void return_void() const noexcept {}
  void take() const noexcept {}
};

/// A coroutine that runs when it is awaited, or spawned.
///
/// Lazy: nothing runs before. Move-only: awaited once, or spawned once. A Task that is destroyed
/// before that never ran. Memory: one block of the current worker's frame pool, freed by whichever
/// thread ends it; when there is none, std::bad_alloc is thrown by the call that makes the Task.
///
/// @threads one task
/// @loses what its body makes of the stop: it ends by returning, like any function
/// @owns the frame is the Task's, then that of whoever awaits or spawned it, until it has ended
/// @errors an exception that leaves the coroutine is rethrown where it is awaited
template <class T = void>
class [[nodiscard]] Task {
 public:
  using value_type = T;

  struct promise_type : TaskPromise<T> {
    Task get_return_object() noexcept {
      static_assert(alignof(promise_type) <= alignof(std::max_align_t),
                    "a frame is found by its promise and lies in a block of 16: no result of a "
                    "task is aligned more strictly");
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    [[nodiscard]] FinalAwaiter final_suspend() const noexcept { return {}; }
  };
  using Handle = std::coroutine_handle<promise_type>;

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (frame_) frame_.destroy();
      frame_ = std::exchange(other.frame_, {});
    }
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  /// Runs the task on the stack of no one: control goes to it directly and comes back when it
  /// ended. The frame is freed when the awaiting expression ends.
  class Awaiter {
   public:
    explicit Awaiter(Handle child) noexcept : child_(child) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter() { child_.destroy(); }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
      requires std::is_base_of_v<FramePromise, Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) noexcept {
      child_.promise().task = parent.promise().task;
      child_.promise().continuation = parent;
      return child_;
    }
    T await_resume() {
      TaskHeader& task = *child_.promise().task;
      if (task.failed()) [[unlikely]] std::rethrow_exception(task.take_error());
      return child_.promise().take();
    }

   private:
    Handle child_;
  };
  Awaiter operator co_await() && noexcept {
    check_usage(frame_ != nullptr, task_is_gone);
    return Awaiter(std::exchange(frame_, {}));
  }

  [[nodiscard]] Handle handle() const noexcept { return frame_; }
  /// Gives up the frame; for whoever runs it.
  [[nodiscard]] Handle release() noexcept { return std::exchange(frame_, {}); }

 private:
  explicit Task(Handle frame) noexcept : frame_(frame) {}

  Handle frame_;
};

}  // namespace rota::inline v0
