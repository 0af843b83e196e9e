#pragma once

#include <rota/rota.hpp>

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace rota::testing_tasks {

/// A scenario is written once, as a coroutine that returns `Routine<T>`. With `Task` as Routine it
/// is a task like any other. With `Script` its frame is a list of instructions for a fiber: each
/// `co_await` in it hands the awaitable out, and the fiber awaits that by `rota::await` on its own
/// stack. So one text tests both, and in the second case nothing but the fiber ever waits.
template <class T = void>
class Script {
 public:
  using value_type = T;

  struct Request {
    void (*serve)(void* self) = nullptr;
    void* self = nullptr;
  };

  struct PromiseBase {
    Request request;
    std::exception_ptr error;

    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { error = std::current_exception(); }

    /// Hands an awaitable to the fiber and takes back what came of it.
    template <class Awaitable>
    class Served {
     public:
      using Value = decltype(rota::await(std::declval<Awaitable>()));

      explicit Served(Awaitable&& awaitable) noexcept : awaitable_(awaitable) {}
      bool await_ready() const noexcept { return false; }
      template <class Promise>
      void await_suspend(std::coroutine_handle<Promise> frame) noexcept {
        frame.promise().request = {[](void* self) { static_cast<Served*>(self)->serve(); }, this};
      }
      Value await_resume() {
        if (error_ != nullptr) std::rethrow_exception(error_);
        if constexpr (!std::is_void_v<Value>) return std::move(*value_);
      }

     private:
      void serve() {
        try {
          if constexpr (std::is_void_v<Value>) {
            rota::await(std::move(awaitable_));
          } else {
            value_.emplace(rota::await(std::move(awaitable_)));
          }
        } catch (...) {
          error_ = std::current_exception();
        }
      }

      Awaitable& awaitable_;
      std::optional<std::conditional_t<std::is_void_v<Value>, std::monostate, Value>> value_;
      std::exception_ptr error_;
    };

    template <class L>
    Served<Await<L>> await_transform(Await<L>&& awaited) noexcept {
      return Served<Await<L>>(std::move(awaited));
    }
    template <class U>
    Served<Task<U>> await_transform(Task<U>&& task) noexcept {
      return Served<Task<U>>(std::move(task));
    }
    template <class U>
    Served<TogetherAwait<U>> await_transform(TogetherAwait<U>&& together) noexcept {
      return Served<TogetherAwait<U>>(std::move(together));
    }
  };

  struct ValuePromise : PromiseBase {
    std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
    template <class U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
  };
  struct VoidPromise : PromiseBase {
    void return_void() const noexcept {}
  };
  struct promise_type : std::conditional_t<std::is_void_v<T>, VoidPromise, ValuePromise> {
    Script get_return_object() noexcept {
      return Script(std::coroutine_handle<promise_type>::from_promise(*this));
    }
  };

  Script(Script&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  Script& operator=(Script&&) = delete;
  ~Script() {
    if (frame_) frame_.destroy();
  }

  /// On a fiber: follows the script to its end.
  T follow() {
    promise_type& promise = frame_.promise();
    for (;;) {
      frame_.resume();
      if (frame_.done()) break;
      promise.request.serve(promise.request.self);
    }
    if (promise.error != nullptr) std::rethrow_exception(promise.error);
    if constexpr (!std::is_void_v<T>) return std::move(*promise.value);
  }

 private:
  explicit Script(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

  std::coroutine_handle<promise_type> frame_;
};

/// The body of a fiber that follows a script.
template <class T>
struct Follow {
  Script<T> script;
  T operator()() { return script.follow(); }
};

/// A routine as a Task: itself, or a fiber that follows it.
template <class T>
Task<T> as_task(Task<T> task) {
  return task;
}
template <class T>
Task<T> as_task(Script<T> script) {
  return on_fiber(Follow<T>{std::move(script)});
}

template <class T>
JoinHandle<T> spawn_routine(Scope& scope, Task<T> task) {
  return scope.spawn(std::move(task));
}
template <class T>
JoinHandle<T> spawn_routine(Scope& scope, Script<T> script) {
  return scope.spawn_fiber(Follow<T>{std::move(script)});
}
template <class T>
JoinHandle<T> spawn_routine(Task<T> task) {
  return spawn(std::move(task));
}
template <class T>
JoinHandle<T> spawn_routine(Script<T> script) {
  return spawn_fiber(Follow<T>{std::move(script)});
}

}  // namespace rota::testing_tasks
