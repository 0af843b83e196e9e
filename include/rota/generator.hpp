#pragma once

#include <rota/core/check_usage.hpp>
#include <rota/core/worker_calls.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace rota::inline v0 {

/// A range of values that a coroutine makes one by one, with `co_yield`, as they are asked for.
///
/// Synchronous: it waits for nothing, and `co_await` in it does not compile; AsyncGenerator is for
/// that. Move-only, read once, from its beginning. Memory: one frame.
///
/// @threads one task, or one plain thread
/// @loses nothing: nothing of it waits
/// @owns the frame is the Generator's, which may be destroyed before its end: between two values
/// nobody else knows it, so what it holds is destroyed as by a return from its `co_yield`
/// @errors an exception that leaves the coroutine leaves `begin` or `++`
///
///     rota::Generator<int> below(int end) {
///       for (int i = 0; i < end; ++i) co_yield i;
///     }
///     for (int i : below(3)) use(i);
template <class T>
class [[nodiscard]] Generator {
 public:
  struct promise_type {
    std::optional<T> value;
    std::exception_ptr error;

    // An aggregate would be made of the coroutine's arguments, if it can be.
    promise_type() noexcept {}

    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept {
      free_frame(frame, bytes);
    }

    Generator get_return_object() noexcept {
      return Generator(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_always final_suspend() const noexcept { return {}; }
    template <class U>
    std::suspend_always yield_value(U&& yielded) {
      value.emplace(std::forward<U>(yielded));
      return {};
    }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { error = std::current_exception(); }
    template <class Awaited>
    void await_transform(Awaited&&) = delete;
  };
  using Handle = std::coroutine_handle<promise_type>;

  /// Where the range ends. (std::default_sentinel_t would bring all of `<iterator>`.)
  struct End {};

  class Iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(Handle frame) noexcept : frame_(frame) {}

    [[nodiscard]] T& operator*() const noexcept { return *frame_.promise().value; }
    [[nodiscard]] T* operator->() const noexcept { return &**this; }
    Iterator& operator++() {
      resume(frame_);
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& at, End) noexcept { return at.frame_.done(); }

   private:
    Handle frame_;
  };

  Generator(Generator&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  Generator& operator=(Generator&& other) noexcept {
    if (this != &other) {
      if (frame_) frame_.destroy();
      frame_ = std::exchange(other.frame_, {});
    }
    return *this;
  }
  ~Generator() {
    if (frame_) frame_.destroy();
  }

  /// Runs to the first value; once.
  [[nodiscard]] Iterator begin() {
    check_usage(frame_ && !frame_.promise().value && !frame_.done(),
                "a Generator was read twice, or after it was moved from");
    resume(frame_);
    return Iterator(frame_);
  }
  [[nodiscard]] End end() const noexcept { return {}; }

 private:
  explicit Generator(Handle frame) noexcept : frame_(frame) {}

  static void resume(Handle frame) {
    frame.resume();
    promise_type& promise = frame.promise();
    if (promise.error != nullptr) [[unlikely]] {
      std::rethrow_exception(std::exchange(promise.error, nullptr));
    }
  }

  Handle frame_;
};

}  // namespace rota::inline v0
