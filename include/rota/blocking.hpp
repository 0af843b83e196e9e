#pragma once

#include <rota/await.hpp>
#include <rota/core/blocking_wait.hpp>
#include <rota/core/throwing.hpp>
#include <rota/join.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <cerrno>
#include <concepts>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>
#include <variant>

namespace rota::inline v0 {

/// The leaf of `blocking`.
template <std::invocable F>
class BlockingLeaf : public BlockingWait {
 public:
  using Value = std::invoke_result_t<F&>;

  explicit BlockingLeaf(F function) noexcept(std::is_nothrow_move_constructible_v<F>)
      : BlockingWait(call), function_(std::move(function)) {}

  Result<Value> finish() {
    if (error() != 0) return failure(error());
    if (thrown_ != nullptr) std::rethrow_exception(thrown_);
    if constexpr (std::is_void_v<Value>) {
      return {};
    } else {
      return std::move(*value_);
    }
  }

 private:
  static void call(BlockingWait& wait) noexcept {
    auto& self = static_cast<BlockingLeaf&>(wait);
    ROTA_TRY {
      if constexpr (std::is_void_v<Value>) {
        self.function_();
      } else {
        self.value_.emplace(self.function_());
      }
    }
    ROTA_CATCH_ALL { self.thrown_ = std::current_exception(); }
  }

  F function_;
  std::optional<std::conditional_t<std::is_void_v<Value>, std::monostate, Value>> value_;
  std::exception_ptr thrown_;
};

/// Calls `function` on a thread that may block, and yields what it returns: for system calls and
/// libraries that have no asynchronous form.
///
/// The threads belong to the runtime, apart from those that do the work of files, so neither keeps
/// the other waiting; there are `BlockingConfig::threads` at the most, each started when it is
/// needed and ended when it has been idle for a while. Calls begin in the order in which they were
/// made; `RuntimeCounters` says how many wait and for how long.
///
/// Under simulation it is called by the worker itself, between two tasks, so that its place in the
/// order is decided by the seed.
///
/// @threads one task; the function runs on a thread of the runtime's, and uses nothing that only
/// tasks may
/// @loses nothing: what has not begun is withdrawn, what has begun is awaited
/// @owns the function is in the frame that waits, and may refer to it
/// @errors `resource_unavailable_try_again`: no thread is there and the system gives none; what the
/// function throws is thrown
///
///     Result<addrinfo*> found = co_await rota::blocking([&] { return look_up(name); });
template <std::invocable F>
[[nodiscard]] Await<BlockingLeaf<F>> blocking(F function) noexcept(
    std::is_nothrow_move_constructible_v<F>) {
  return Await<BlockingLeaf<F>>(std::in_place, std::move(function));
}

/// The body of `spawn_blocking`.
template <std::invocable F>
Task<Result<std::invoke_result_t<F&>>> blocking_task(F function) {
  Result<std::invoke_result_t<F&>> result = co_await blocking(std::move(function));
  co_return result;
}

/// `blocking` as a task of its own: it begins without being awaited. Only in a task; throws
/// std::bad_alloc.
///
/// @as blocking
/// @owns the function is the task's
template <std::invocable F>
JoinHandle<Result<std::invoke_result_t<F&>>> spawn_blocking(
    F function, SpawnOptions options = {},
    std::source_location site = std::source_location::current()) {
  return spawn_into_root(blocking_task(std::move(function)), options, site);
}

}  // namespace rota::inline v0
