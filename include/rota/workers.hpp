#pragma once

#include <rota/await.hpp>
#include <rota/core/throwing.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/join.hpp>
#include <rota/result.hpp>
#include <rota/scope.hpp>
#include <rota/task.hpp>

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <exception>
#include <expected>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>
#include <variant>

namespace rota::inline v0 {

/// The workers of a runtime, seen from its tasks: which there are, and how one has another do
/// something.
///
/// Where tasks never move (`single`, `per_core`) those of one worker never overlap: between two
/// waits a task has whatever belongs to its worker to itself, without a lock and without atomics.
/// So what a worker owns is asked for by `submit_to` that worker, and is no more shared than the
/// data of a program with one thread. Where workers steal, the worker that is named is the one
/// where the task starts; it may be stolen before its first run, and tasks overlap.

/// The worker on which the current task runs; where tasks move, at the moment. Only in a task.
[[nodiscard]] WorkerIndex this_worker() noexcept;
/// How many workers the current runtime has. Only in a task.
[[nodiscard]] std::size_t worker_count() noexcept;
/// Whether a task of the current runtime may go on on another worker after a wait. Only in a task.
[[nodiscard]] bool tasks_move() noexcept;

/// Starts a task on `worker` of the current runtime, outside any scope. Only in a task; throws
/// bad_alloc. An index that names no worker ends the process with a message, here and below.
template <class T>
JoinHandle<T> spawn_on(WorkerIndex worker, Task<T> task, SpawnOptions options = {},
                       std::source_location site = std::source_location::current()) {
  return spawn_into_on(worker, common_root(), std::move(task), options, site);
}

/// What a function yields to whoever sent it to a worker: what it returns or, if that is a Task,
/// what the task does.
template <class R>
struct Yielded {
  using type = std::remove_cvref_t<R>;
  static constexpr bool by_task = false;
};
template <class T>
struct Yielded<Task<T>> {
  using type = T;
  static constexpr bool by_task = true;
};
/// What `submit_to` yields for a function that is called with these arguments.
template <class F, class... Args>
using SubmitResult = typename Yielded<std::invoke_result_t<F&, Args...>>::type;

/// How the function ended, for the task that waits for it.
template <class T>
struct SubmitOutcome {
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
  std::exception_ptr error;

  T take() {
    if (error != nullptr) std::rethrow_exception(error);
    if constexpr (!std::is_void_v<T>) return std::move(*value);
  }
};

/// Calls `function`, and awaits the Task that it may return.
template <class F, class... Args>
Task<SubmitResult<F, Args...>> call_and_await(F& function, Args... args) {
  using R = std::invoke_result_t<F&, Args...>;
  using T = SubmitResult<F, Args...>;
  if constexpr (!Yielded<R>::by_task) {
    co_return function(args...);
  } else if constexpr (std::is_void_v<T>) {
    R task = function(args...);
    co_await std::move(task);
  } else {
    R task = function(args...);
    T value = co_await std::move(task);
    co_return value;
  }
}

/// The task on the other worker: keeps how the call ended.
template <class F>
Task<void> call_into(F& function, SubmitOutcome<SubmitResult<F>>& outcome) {
  ROTA_TRY {
    Task<SubmitResult<F>> call = call_and_await(function);
    if constexpr (std::is_void_v<SubmitResult<F>>) {
      co_await std::move(call);
    } else {
      SubmitResult<F> value = co_await std::move(call);
      outcome.value.emplace(std::move(value));
    }
  }
  ROTA_CATCH_ALL { outcome.error = std::current_exception(); }
}

/// Runs `function` as a task on `worker`, waits for its end and yields what it returns; if that is
/// a Task, what the task does.
///
/// @threads one task, on any worker, also on `worker` itself
/// @loses nothing: a stop goes on to the task on the other worker, which is awaited
/// @owns the function is the caller's, whose worker destroys it after the call; what it refers to
/// may be the caller's too, who waits until it has ended whatever happens
/// @errors what the function throws is thrown; std::bad_alloc
template <std::invocable F>
Task<SubmitResult<F>> submit_to(WorkerIndex worker, F function,
                                std::source_location site = std::source_location::current()) {
  SubmitOutcome<SubmitResult<F>> outcome;
  Scope scope(current_runtime());
  // The scope waits for the task; nobody needs its handle.
  static_cast<void>(scope.spawn_on(worker, call_into(function, outcome), {}, site));
  co_await scope.children();
  co_return outcome.take();
}

/// One call of `submit_to_all`, with a copy of the function that is the worker's own.
template <class F>
Task<void> call_copy(F function, WorkerIndex worker) {
  // What a frame was called with outlasts the wait of the caller; a local does not.
  F own(std::move(function));
  Task<void> call = call_and_await(own, worker);
  co_await std::move(call);
}

/// Runs a copy of `function(worker)` as a task on every worker, each with its index, and waits for
/// all of them; a Task that it returns is awaited. If one fails the others are stopped.
///
/// @threads one task, on any worker
/// @loses nothing: a stop goes on to the tasks of all workers, which are awaited
/// @owns each worker has a copy of the function; what it refers to may be the caller's, who waits
/// until all have ended whatever happens
/// @errors as those of a scope: the first exception, several in a `ScopeErrors`; std::bad_alloc
template <std::invocable<WorkerIndex> F>
Task<void> submit_to_all(F function, std::source_location site = std::source_location::current()) {
  ScopeRun<void> run;
  const std::size_t workers = worker_count();
  ROTA_TRY {
    for (WorkerIndex worker = 0; worker < workers; ++worker) {
      Task<void> call = call_copy(function, worker);
      static_cast<void>(run.scope().spawn_on(worker, std::move(call), {}, site));
    }
  }
  ROTA_CATCH_ALL { run.fail(); }
  co_await run.children();
  run.take();
}

}  // namespace rota::inline v0
