#pragma once

#include <rota/core/check_usage.hpp>
#include <rota/core/throwing.hpp>
#include <rota/event.hpp>
#include <rota/runtime.hpp>
#include <rota/stop.hpp>
#include <rota/task.hpp>

#include <coroutine>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace rota::inline v0 {

// Coroutines of other libraries. A task goes on where its runtime says and nowhere else, so it
// never gives its own handle away: a foreign awaitable is awaited by a frame in between, which
// wakes the task wherever it is resumed.

/// What a foreign awaitable yields, or throws.
template <class T>
class ForeignOutcome {
 public:
  using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  void keep(Stored value) { value_.emplace(std::move(value)); }
  void fail() noexcept { error_ = std::current_exception(); }
  void fail(std::exception_ptr error) noexcept { error_ = std::move(error); }
  T take() {
    if (error_ != nullptr) std::rethrow_exception(error_);
    if constexpr (!std::is_void_v<T>) return std::move(*value_);
  }

 private:
  std::optional<Stored> value_;
  std::exception_ptr error_;
};

/// A frame that nobody awaits: it begins at once and frees itself.
struct ForeignFrame {
  struct promise_type {
    ForeignFrame get_return_object() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept {
      misuse("an exception left a frame that handles all of them");
    }
  };
};

/// What `co_await` makes of an awaitable.
template <class A>
decltype(auto) awaiter_of(A&& awaitable) {
  if constexpr (requires { std::forward<A>(awaitable).operator co_await(); }) {
    return std::forward<A>(awaitable).operator co_await();
  } else if constexpr (requires { operator co_await(std::forward<A>(awaitable)); }) {
    return operator co_await(std::forward<A>(awaitable));
  } else {
    return std::forward<A>(awaitable);
  }
}
/// What awaiting it yields.
template <class A>
using ForeignResult = std::decay_t<decltype(awaiter_of(std::declval<A>()).await_resume())>;

/// The frame in between: keeps what the other library yields, and tells the task.
template <class A, class T>
ForeignFrame await_foreign(A& awaitable, ForeignOutcome<T>& outcome, Event& ended) {
  ROTA_TRY {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(awaitable);
      outcome.keep({});
    } else {
      T value = co_await std::move(awaitable);
      outcome.keep(std::move(value));
    }
  }
  ROTA_CATCH_ALL { outcome.fail(); }
  ended.set();  // From here on the task may go on and all that this refers to be gone.
}

/// False: the task was stopped before.
inline Task<bool> wait_for_foreign(Event& ended) {
  Result<void> set = co_await ended.wait();
  co_return set.has_value();
}

/// Awaits what another library offers to coroutines. The awaitable is asked on the thread of the
/// task, as by any coroutine, and may resume on whatever thread it likes; the task goes on where
/// its runtime has it go on after every wait. What the awaitable yields is moved. A thread that
/// resumes it has come back from that before the runtime is destroyed.
///
/// @threads one task; the awaitable resumes on any thread
/// @loses nothing: no stop reaches it, as there is no way to ask it, and the wait goes on to its
/// end; `on_stop` is called once when the task must stop, in the task, to have the other library
/// end early what it does, and that is awaited all the same
/// @owns the awaitable is in the frame that waits
/// @errors what it throws is thrown; std::bad_alloc
///
///     auto reply = co_await rota::foreign(client.call(request));
template <class A, std::invocable OnStop>
Task<ForeignResult<A>> foreign(A awaitable, OnStop on_stop) {
  ForeignOutcome<ForeignResult<A>> outcome;
  Event ended;
  await_foreign(awaitable, outcome, ended);
  Task<bool> waiting = wait_for_foreign(ended);
  const bool has_ended = co_await std::move(waiting);
  if (!has_ended) {
    on_stop();
    Task<bool> unstopped = shielded(wait_for_foreign(ended));
    static_cast<void>(co_await std::move(unstopped));
  }
  co_return outcome.take();
}
template <class A>
Task<ForeignResult<A>> foreign(A awaitable) {
  auto leave_alone = [] {};
  return foreign(std::move(awaitable), leave_alone);
}

/// Resumes a foreign coroutine where its task has ended: on a worker, inside that task.
struct ResumeHere {
  void operator()(std::coroutine_handle<> waiter) const { waiter.resume(); }
};

/// What `from_outside` returns: awaited once, at once, by a coroutine that is no task.
template <class T, class Resume>
class [[nodiscard]] OutsideAwaiter {
 public:
  OutsideAwaiter(Runtime& runtime, Task<T> task, Resume resume)
      : runtime_(runtime), task_(std::move(task)), resume_(std::move(resume)) {}
  OutsideAwaiter(const OutsideAwaiter&) = delete;
  OutsideAwaiter& operator=(const OutsideAwaiter&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    const JoinHandle<void> handle = runtime_.spawn(run(*this, waiter));
    // It has ended at once, with an error, only when a runtime that is shut down refused it. Else
    // the waiter may have gone on by now, and this be gone.
    if (!handle.is_done() || !handle.task().failed()) return true;
    outcome_.fail(hand_out_error(handle.task()));
    return false;
  }
  T await_resume() { return outcome_.take(); }

 private:
  static Task<void> run(OutsideAwaiter& self, std::coroutine_handle<> waiter) {
    ROTA_TRY {
      if constexpr (std::is_void_v<T>) {
        co_await std::move(self.task_);
        self.outcome_.keep({});
      } else {
        T value = co_await std::move(self.task_);
        self.outcome_.keep(std::move(value));
      }
    }
    ROTA_CATCH_ALL { self.outcome_.fail(); }
    Resume resume = std::move(self.resume_);
    resume(waiter);
  }

  Runtime& runtime_;
  Task<T> task_;
  Resume resume_;
  ForeignOutcome<T> outcome_;
};

/// Runs a task on `runtime` for a coroutine of another library, on any thread, which awaits the
/// result: `int n = co_await rota::from_outside(runtime, count());`. The task is spawned on the
/// runtime; when it has ended `resume(handle)` is called on the worker, inside the task, and has
/// the coroutine go on wherever it belongs, by its own library's executor. By default it goes on
/// right there, and then it must not block that worker.
///
/// @threads a coroutine that is no task, on any thread
/// @loses nothing: nobody can cancel this wait
/// @owns the task is the runtime's, `resume` the task's
/// @errors what the task throws is thrown; after a `shutdown` of the runtime the task is refused,
/// with what a cancelled Result's `.value()` throws
template <class T, class Resume = ResumeHere>
OutsideAwaiter<T, Resume> from_outside(Runtime& runtime, Task<T> task, Resume resume = {}) {
  return OutsideAwaiter<T, Resume>(runtime, std::move(task), std::move(resume));
}

}  // namespace rota::inline v0
