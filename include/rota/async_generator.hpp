#pragma once

#include <rota/core/check_usage.hpp>
#include <rota/core/fiber_calls.hpp>
#include <rota/core/task_header.hpp>
#include <rota/task.hpp>

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// Leaves the frame of an AsyncGenerator, at a value or at its end, for whoever asked.
class YieldAwaiter {
 public:
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) const noexcept {
    return leave(frame.promise());
  }
  void await_resume() const noexcept {}

 private:
  [[gnu::noinline]] static std::coroutine_handle<> leave(FramePromise& promise) noexcept {
    return promise.continuation;
  }
};

/// Values that a coroutine makes one by one with `co_yield`, and for which it may wait: what a
/// Generator is, with `co_await` in it. It runs as a part of the task that asks for a value, while
/// that asks, and at no other time.
///
/// `next` yields a value, or nothing at the end and ever after. What it keeps across a `co_yield`
/// must not be bound to one task's stops: no RegionGuard. Memory: one frame.
///
/// @threads one task at a time, which may be another one for each value
/// @loses what its body makes of the stop, which ends the waits in it
/// @owns the frame is the AsyncGenerator's, which may be destroyed between two values: then it is
/// parked on nothing, and what it holds is destroyed as by a return from its `co_yield`; while a
/// `next` is under way it may be parked on a leaf that others know of, and destroying or moving it
/// ends the process with a message
/// @errors an exception that leaves the coroutine is rethrown by `next`, once; then there are no
/// more values
///
///     for (;;) {
///       auto line = co_await lines.next();
///       if (!line) break;
///     }
template <class T>
class [[nodiscard]] AsyncGenerator {
 public:
  using value_type = T;

  struct promise_type : FramePromise {
    std::optional<T> value;
    bool is_asked = false;

    promise_type() noexcept {}  // No aggregate: see Generator.

    AsyncGenerator get_return_object() noexcept {
      return AsyncGenerator(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    template <class U>
    YieldAwaiter yield_value(U&& yielded) {
      value.emplace(std::forward<U>(yielded));
      return {};
    }
    void return_void() const noexcept {}
    [[nodiscard]] YieldAwaiter final_suspend() const noexcept { return {}; }
  };
  using Handle = std::coroutine_handle<promise_type>;

  /// What `next` returns: awaited in the expression that makes it.
  class [[nodiscard]] Next {
   public:
    explicit Next(Handle frame) noexcept : frame_(frame) {}
    Next(const Next&) = delete;
    Next& operator=(const Next&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return frame_.done(); }
    template <class Promise>
      requires std::is_base_of_v<FramePromise, Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> asking) noexcept {
      promise_type& promise = frame_.promise();
      check_usage(!promise.is_asked, "one task at a time asks an AsyncGenerator for a value");
      promise.is_asked = true;
      promise.task = asking.promise().task;
      promise.continuation = asking;
      return frame_;
    }
    std::optional<T> await_resume() {
      promise_type& promise = frame_.promise();
      if (!std::exchange(promise.is_asked, false)) return std::nullopt;
      TaskHeader& task = *promise.task;
      if (task.failed()) [[unlikely]]
        std::rethrow_exception(task.take_error());
      return std::exchange(promise.value, std::nullopt);
    }

   private:
    Handle frame_;
  };

  AsyncGenerator(AsyncGenerator&& other) noexcept : frame_(other.release()) {}
  AsyncGenerator& operator=(AsyncGenerator&& other) noexcept {
    if (this != &other) {
      drop();
      frame_ = other.release();
    }
    return *this;
  }
  ~AsyncGenerator() { drop(); }

  /// The next value, or nothing at the end.
  [[nodiscard]] Next next() noexcept {
    check_usage(frame_ != nullptr, "an AsyncGenerator was asked after it was moved from");
    return Next(frame_);
  }

 private:
  explicit AsyncGenerator(Handle frame) noexcept : frame_(frame) {}

  void check_idle() const noexcept {
    check_usage(!frame_ || !frame_.promise().is_asked,
                "an AsyncGenerator was destroyed or moved while a task waits for its next value");
  }
  [[nodiscard]] Handle release() noexcept {
    check_idle();
    return std::exchange(frame_, {});
  }
  void drop() noexcept {
    check_idle();
    if (frame_) frame_.destroy();
  }

  Handle frame_;
};

/// `next` in a fiber: `while (auto value = rota::await(stream.next()))`.
template <class N>
  requires requires(N& next, std::coroutine_handle<FramePromise> root) {
    { next.await_suspend(root) } -> std::same_as<std::coroutine_handle<>>;
    { next.await_ready() } -> std::same_as<bool>;
  }
auto await(N&& next) -> decltype(next.await_resume()) {
  Runnable& fiber = running_fiber();
  if (!next.await_ready()) leave_for(fiber, next.await_suspend(root_of(fiber)));
  return next.await_resume();
}

}  // namespace rota::inline v0
