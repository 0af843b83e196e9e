#pragma once

#include <rota/core/atomic.hpp>
#include <rota/mutex.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>
#include <rota/thread_wait.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// What `Once::call` is given: a function that returns a Task of nothing, or of a Result of it.
template <class F>
concept Initialiser =
    std::invocable<F&> && (std::same_as<std::invoke_result_t<F&>, Task<void>> ||
                           std::same_as<std::invoke_result_t<F&>, Task<Result<void>>>);

/// What `Once::call_in_thread` is given: a function that returns nothing, or a Result of it.
template <class F>
concept ThreadInitialiser =
    std::invocable<F&> && (std::is_void_v<std::invoke_result_t<F&>> ||
                           std::same_as<std::invoke_result_t<F&>, Result<void>>);

/// Has something done once, by whoever comes first; the others wait until it is done.
///
/// After the first success every call returns at once. What the initialiser did comes before the
/// return of every call that succeeds. An initialiser that calls the same Once waits for ever.
///
/// @threads any; a plain thread calls by `call_in_thread`
/// @loses its place in the line; while it runs the initialiser, what that loses
/// @owns the initialiser is its caller's, and runs in its task or thread; the Once outlives its
/// callers
/// @errors what the initialiser yields or throws; the next one in line tries, with its own
///
///     Result<void> ready = co_await once.call(connect);
class Once {
 public:
  template <Initialiser F>
  [[nodiscard]] Task<Result<void>> call(F initialise);
  /// The same for a plain thread, which it blocks while it stands in line: `wait_in_thread` of a
  /// Once. Nothing can cancel it. Inside a task, unless it is done, it ends the process with a
  /// message: await `call` there.
  template <ThreadInitialiser F>
  [[nodiscard]] Result<void> call_in_thread(F initialise);
  [[nodiscard]] bool is_done() const noexcept { return done_.load(MemoryOrder::acquire); }

 private:
  Mutex mutex_;
  Atomic<bool> done_{false};  // written with the mutex; release: what was done comes before
};

template <Initialiser F>
Task<Result<void>> Once::call(F initialise) {
  if (is_done()) co_return Result<void>();
  Result<MutexGuard> guard = co_await mutex_.lock();
  if (!guard) co_return std::unexpected(guard.error());
  if (is_done()) co_return Result<void>();
  auto work = initialise();
  if constexpr (std::same_as<decltype(work), Task<void>>) {
    co_await std::move(work);
  } else {
    Result<void> result = co_await std::move(work);
    if (!result) co_return result;
  }
  done_.store(true, MemoryOrder::release);
  co_return Result<void>();
}

template <ThreadInitialiser F>
Result<void> Once::call_in_thread(F initialise) {
  if (is_done()) return {};
  Result<MutexGuard> guard = wait_in_thread(mutex_.lock());
  if (!guard) return std::unexpected(guard.error());
  if (is_done()) return {};
  if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
    initialise();
  } else {
    Result<void> result = initialise();
    if (!result) return result;
  }
  done_.store(true, MemoryOrder::release);
  return {};
}

}  // namespace rota::inline v0
