#pragma once

#include <rota/core/check_usage.hpp>
#include <rota/core/fork_frame.hpp>
#include <rota/core/throwing.hpp>
#include <rota/fiber.hpp>
#include <rota/task.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

template <class T>
class Fork;

/// What is said to whoever uses a Fork that was awaited or moved away.
inline constexpr const char* fork_is_gone =
    "a Fork was awaited or forked twice, or used after it was moved from";

/// Its address stands for a frame that there was no memory for.
inline constinit char fork_without_memory = 0;

/// The last suspension of a forking function.
class ForkEnd {
 public:
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) const noexcept {
    return end_fork(frame.promise());
  }
  void await_resume() const noexcept {}
};

/// Whether a result is written to where it is wanted, whoever wants it. Any other has to be made
/// there when a call waits for it.
template <class T>
inline constexpr bool is_plain_result =
    std::is_trivially_default_constructible_v<T> && std::is_trivially_copyable_v<T>;

/// Where the result of a forking function goes: what the caller of `fork` named, or what waits for
/// it.
template <class T>
struct ForkResult : ForkFrame {
  union {
    T* named;                    ///< of a forked one, and of any that is plain
    std::optional<T>* expected;  ///< of any other
  };

  ForkResult() noexcept : named(nullptr) {}
  template <class U = T>
    requires std::is_convertible_v<U&&, T>
  void return_value(U&& result) {
    if constexpr (is_plain_result<T>) {
      *named = std::forward<U>(result);
    } else if (kind == Kind::forked) {
      *named = std::forward<U>(result);
    } else {
      expected->emplace(std::forward<U>(result));
    }
  }
};

template <>
struct ForkResult<void> : ForkFrame {
  void return_void() const noexcept {}
};

/// Room for the result of a function that is waited for.
template <class T>
class ForkRoom {
 public:
  void expect_from(ForkResult<T>& frame) noexcept { frame.expected = &value_; }
  T take() { return std::move(*value_); }

 private:
  std::optional<T> value_;
};

template <class T>
  requires is_plain_result<T>
class ForkRoom<T> {
 public:
  ForkRoom() noexcept {}  // NOLINT(cppcoreguidelines-pro-type-member-init): taken once it is set.
  void expect_from(ForkResult<T>& frame) noexcept { frame.named = &value_; }
  T take() noexcept { return std::move(value_); }

 private:
  T value_;
};

template <>
class ForkRoom<void> {
 public:
  void expect_from(ForkResult<void>&) const noexcept {}
  void take() const noexcept {}
};

/// `co_await fork(...)`.
template <class T>
class [[nodiscard]] ForkAwaiter {
 public:
  explicit ForkAwaiter(Fork<T>&& child, T* result = nullptr) noexcept : child_(child.release()) {
    if constexpr (!std::is_void_v<T>) {
      if (child_) [[likely]]
        child_.promise().named = result;
    }
  }
  ForkAwaiter(ForkAwaiter&& other) noexcept : child_(std::exchange(other.child_, {})) {}
  ForkAwaiter& operator=(ForkAwaiter&&) = delete;
  ~ForkAwaiter() {
    if (child_) [[unlikely]]
      child_.destroy();
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <std::derived_from<ForkFrame> Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) noexcept {
    // What is pushed may be stolen, and this with it: nothing of it is touched afterwards.
    const auto child = std::exchange(child_, {});
    if (!child) [[unlikely]]
      return fail_fork(parent.promise());
    return begin_fork(parent.promise(), child.promise());
  }
  void await_resume() const noexcept {}

 private:
  typename Fork<T>::Handle child_;
};

/// `co_await join()`.
struct [[nodiscard]] Join {};

/// Waits until what this frame has forked has ended, and throws what of it failed.
class JoinAwaiter {
 public:
  explicit JoinAwaiter(ForkFrame& frame) noexcept : frame_(frame) {}
  JoinAwaiter(const JoinAwaiter&) = delete;
  JoinAwaiter& operator=(const JoinAwaiter&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return !frame_.join.may_wait(); }
  bool await_suspend(std::coroutine_handle<>) noexcept { return wait_for_forks(frame_); }
  void await_resume() const {
    frame_.unjoined = false;
    if (frame_.has_failed()) [[unlikely]]
      frame_.rethrow_errors();
  }

 private:
  ForkFrame& frame_;
};

/// `co_await` of one forking function in another: a call.
template <class T>
class CallAwaiter {
 public:
  CallAwaiter(ForkFrame& parent, Fork<T>&& child) noexcept
      : parent_(parent), child_(child.release()) {}
  CallAwaiter(const CallAwaiter&) = delete;
  CallAwaiter& operator=(const CallAwaiter&) = delete;
  ~CallAwaiter() {
    if (child_) child_.destroy();
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <std::derived_from<ForkFrame> Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) noexcept {
    if (!child_) [[unlikely]]
      return fail_call(parent.promise());
    room_.expect_from(child_.promise());
    return begin_call(parent.promise(), child_.promise());
  }
  T await_resume() {
    if (child_ && !child_.promise().threw) [[likely]]
      return room_.take();
    // What the parent forked before has ended.
    parent_.unjoined = false;
    parent_.rethrow_errors();
  }

 private:
  ForkFrame& parent_;
  typename Fork<T>::Handle child_;
  [[no_unique_address]] ForkRoom<T> room_;
};

/// `co_await` of a forking function in a task.
template <class T>
class RootAwaiter {
 public:
  explicit RootAwaiter(typename Fork<T>::Handle frame) noexcept
      : root_(&frame.promise()), frame_(frame) {}
  RootAwaiter(const RootAwaiter&) = delete;
  RootAwaiter& operator=(const RootAwaiter&) = delete;
  ~RootAwaiter() { frame_.destroy(); }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <std::derived_from<FramePromise> Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    room_.expect_from(frame_.promise());
    return begin_root(root_, waiter.promise());
  }
  T await_resume() {
    if (frame_.promise().threw) [[unlikely]]
      frame_.promise().rethrow_errors();
    return room_.take();
  }

 private:
  ForkRoot root_;
  typename Fork<T>::Handle frame_;
  [[no_unique_address]] ForkRoom<T> room_;
};

/// A function whose parts run in parallel: it forks calls of such functions, goes on beside them,
/// and joins them. For what computes; what waits for I/O is a Task, and a runtime runs both.
///
///     Fork<long> fib(int n) {
///       if (n < 2) co_return n;
///       long a = 0;
///       co_await fork(a, fib, n - 1);
///       long b = co_await fib(n - 2);
///       co_await join();
///       co_return a + b;
///     }
///
/// A task starts one by `co_await fib(37)` and goes on when it and all that it forked have ended; a
/// fiber by `await(fib(37))`. In a forking function `co_await` of another one is a plain call.
///
/// `fork` runs the child at once and leaves the rest of the function to whoever has time. A worker
/// that runs forks serves nothing else until it runs out of them; others that have time see to its
/// I/O. Once the task is stopped, or something that the function forked or called has failed,
/// `stop_requested()` says so in the function and in all of its parts, wherever they run. After the
/// first error no other child of the function begins; `join` waits for those that run.
/// Move-only, and awaited or forked once: a second time ends the process with a message.
/// It waits for nothing else: neither a Task nor I/O may be awaited in it, which the compiler
/// checks, and it opens no region of stops.
///
/// @threads where workers steal the function may be on another thread after a `fork`, a `join` or a
/// call, beside its children; elsewhere all of it runs on the task's worker, in the order of a
/// program without `fork`
/// @loses nothing: no part is interrupted, and what asks for the stop ends early
/// @owns children end before the function does, which keeps from `fork` to `join` what they use:
/// results, and arguments passed by reference; it joins what it forked before it returns or throws,
/// or the process ends with a message
/// @errors the first one is rethrown by `join`, or by a call that fails: as itself when it is the
/// only one, else in a `ScopeErrors` with the later ones attached; what a part throws only because
/// it was stopped does not count; std::bad_alloc when there is no memory for a frame
template <class T = void>
class [[nodiscard]] Fork {
 public:
  using value_type = T;

  struct promise_type : ForkResult<T> {
    static void* operator new(std::size_t bytes) noexcept { return allocate_fork(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept {
      free_fork(frame, bytes);
    }
    static Fork get_return_object_on_allocation_failure() noexcept { return Fork(no_memory()); }
    Fork get_return_object() noexcept {
      static_assert(alignof(promise_type) == alignof(ForkFrame));
      return Fork(Handle::from_promise(*this));
    }
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] ForkEnd final_suspend() const noexcept { return {}; }

    template <class U>
    [[nodiscard]] ForkAwaiter<U>&& await_transform(ForkAwaiter<U>&& forked) const noexcept {
      return std::move(forked);
    }
    [[nodiscard]] JoinAwaiter await_transform(Join) noexcept { return JoinAwaiter(*this); }
    template <class U>
    [[nodiscard]] CallAwaiter<U> await_transform(Fork<U>&& called) noexcept {
      return CallAwaiter<U>(*this, std::move(called));
    }
    template <class Other>
    std::suspend_never await_transform(Other&&) const noexcept {
      static_assert(std::is_void_v<Other>,
                    "a forking function awaits only fork, join and other forking functions; what "
                    "waits for something else is a Task");
      return {};
    }
  };
  using Handle = std::coroutine_handle<promise_type>;

  Fork(Fork&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  Fork& operator=(Fork&& other) noexcept {
    if (this != &other) {
      drop();
      frame_ = std::exchange(other.frame_, {});
    }
    return *this;
  }
  ~Fork() { drop(); }

  /// In a task. Throws std::bad_alloc when there was no memory for the frame.
  RootAwaiter<T> operator co_await() && {
    const Handle frame = release();
    if (!frame) throw_no_memory();
    return RootAwaiter<T>(frame);
  }

  /// Gives up the frame, for whoever runs it; null when there was no memory for it.
  [[nodiscard]] Handle release() noexcept {
    check_usage(frame_ != nullptr, fork_is_gone);
    const Handle frame = std::exchange(frame_, {});
    if (frame == no_memory()) [[unlikely]]
      return {};
    return frame;
  }

 private:
  explicit Fork(Handle frame) noexcept : frame_(frame) {}

  static Handle no_memory() noexcept { return Handle::from_address(&fork_without_memory); }
  void drop() noexcept {
    if (!frame_) [[likely]]
      return;
    if (frame_ != no_memory()) frame_.destroy();
  }

  Handle frame_;  // null: awaited, or moved away
};

/// Runs `function(args...)`, which makes a Fork<T>, beside the rest of the calling function; its
/// result is in `result` after the next `join`. Only in a forking function.
///
/// @as Fork
template <class T, class F, class... Args>
  requires std::same_as<std::invoke_result_t<F, Args...>, Fork<T>>
ForkAwaiter<T> fork(T& result, F&& function, Args&&... args) {
  return ForkAwaiter<T>(std::forward<F>(function)(std::forward<Args>(args)...), &result);
}

/// The same without a result.
template <class F, class... Args>
  requires std::same_as<std::invoke_result_t<F, Args...>, Fork<void>>
ForkAwaiter<void> fork(F&& function, Args&&... args) {
  return ForkAwaiter<void>(std::forward<F>(function)(std::forward<Args>(args)...));
}

/// Waits until all that the calling function has forked has ended.
///
/// @as Fork
[[nodiscard]] constexpr Join join() noexcept { return {}; }

/// A task that runs a forking function and nothing else.
template <class T>
Task<T> run_forks(Fork<T> function) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(function);
  } else {
    T result = co_await std::move(function);
    co_return result;
  }
}

/// Runs a forking function for the running fiber.
template <class T>
T await(Fork<T> function) {
  return await(run_forks(std::move(function)));
}

}  // namespace rota::inline v0
