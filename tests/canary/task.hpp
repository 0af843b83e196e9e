#pragma once
#include <coroutine>
#include <deque>
#include <exception>
#include <optional>
#include <utility>

// The least that a coroutine shape needs to run: a lazy task with symmetric transfer, a queue of
// suspended frames, and leaves that suspend for real. It stands apart from the library on purpose:
// a canary shows what a compiler does with a shape, not what Rota does.
namespace canary {

inline std::deque<std::coroutine_handle<>> ready;

// A leaf that suspends once and then yields `value`.
template <class T>
class Later {
 public:
  explicit Later(T value) : value_(std::move(value)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> frame) { ready.push_back(frame); }
  T await_resume() { return std::move(value_); }

 private:
  T value_;
};

// A leaf that suspends once and yields nothing: what `sleep` looks like to the compiler.
class Pause {
 public:
  Pause() noexcept {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> frame) { ready.push_back(frame); }
  void await_resume() const noexcept {}
};

// A leaf that never suspends.
template <class T>
class Now {
 public:
  explicit Now(T value) : value_(std::move(value)) {}
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) noexcept {}
  T await_resume() { return std::move(value_); }

 private:
  T value_;
};

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::exception_ptr error;

  class Final {
   public:
    Final() noexcept {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) const noexcept {
      return frame.promise().continuation;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return Final(); }
  void unhandled_exception() { error = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  void return_value(T result) { value.emplace(std::move(result)); }
  T take() { return std::move(value.value()); }
};

template <>
struct Promise<void> : PromiseBase {
  void return_void() const noexcept {}
  void take() const noexcept {}
};

template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : Promise<T> {
    Task get_return_object() { return Task(Handle::from_promise(*this)); }
  };
  using Handle = std::coroutine_handle<promise_type>;

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    frame_.promise().continuation = awaiting;
    return frame_;
  }
  T await_resume() { return result(); }

  void start() { frame_.resume(); }
  bool done() const { return frame_.done(); }
  T result() {
    if (frame_.promise().error) std::rethrow_exception(frame_.promise().error);
    return frame_.promise().take();
  }

 private:
  explicit Task(Handle frame) noexcept : frame_(frame) {}
  Handle frame_;
};

inline void run_ready() {
  while (!ready.empty()) {
    const std::coroutine_handle<> frame = ready.front();
    ready.pop_front();
    frame.resume();
  }
}

// Runs a task to its end. False when it stands still before that.
template <class T>
bool finishes(Task<T>& task) {
  task.start();
  run_ready();
  return task.done();
}

}  // namespace canary
