#pragma once

#include <rota/await.hpp>
#include <rota/core/fiber_calls.hpp>
#include <rota/core/throwing.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/task.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace rota::inline v0 {

/// How a fiber is made.
struct FiberOptions {
  std::size_t stack_bytes = default_stack_bytes;  ///< rounded up to a power of two
  const char* name = nullptr;  ///< a literal, or a string that outlives the fiber
};

/// The body of a fiber with its result: part of the root frame.
template <class F>
struct TypedFiberBody : FiberBody {
  using T = std::invoke_result_t<F&>;

  explicit TypedFiberBody(F&& function) : FiberBody{call}, body(std::move(function)) {}

  static void call(FiberBody& self) noexcept {
    auto& typed = static_cast<TypedFiberBody&>(self);
    ROTA_TRY {
      if constexpr (std::is_void_v<T>) {
        typed.body();
      } else {
        typed.result.emplace(typed.body());
      }
    }
    ROTA_CATCH_ALL { typed.error = std::current_exception(); }
  }

  F body;
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> result;
  std::exception_ptr error;
};

/// One stay of the root frame in its fiber: until the fiber ends (true), or a Task that the fiber
/// awaits has ended.
class FiberTurn {
 public:
  explicit FiberTurn(Fiber& fiber) noexcept : fiber_(fiber) {}
  FiberTurn(const FiberTurn&) = delete;
  FiberTurn& operator=(const FiberTurn&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class Promise>
    requires std::is_base_of_v<FramePromise, Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> root) noexcept {
    return enter_fiber(fiber_, root.promise());
  }
  [[nodiscard]] bool await_resume() const noexcept { return fiber_ended(fiber_); }

 private:
  Fiber& fiber_;
};

/// The root frame of a fiber.
template <class F>
Task<std::invoke_result_t<F&>> run_on(FiberRef fiber, F body) {
  TypedFiberBody<F> typed(std::move(body));
  begin_fiber(*fiber, typed);
  for (;;) {
    const bool ended = co_await FiberTurn(*fiber);
    if (ended) break;
  }
  if (typed.error != nullptr) std::rethrow_exception(typed.error);
  if constexpr (!std::is_void_v<std::invoke_result_t<F&>>) co_return std::move(*typed.result);
}

/// A Task that calls `body` on a stack of its own, so that `body` is a plain function which waits
/// by `rota::await`, at any depth of calls.
///
/// The stack has a guard: its overflow ends the process. A thread_local must not be used across an
/// `await` in one function: the compiler may keep its address, and where workers may be taken over
/// the thread may be another one. An exception may be caught, and waited within its handler, as in
/// any function.
///
/// @threads one task
/// @loses what its body loses
/// @owns the stack is lent from a pool until the body has returned
/// @errors what the body throws is thrown; std::bad_alloc, whose `what` names the limit that was
/// met, by the call that makes it
template <std::invocable F>
[[nodiscard]] Task<std::invoke_result_t<F&>> on_fiber(F body, const FiberOptions& options = {}) {
  return run_on<F>(FiberRef(options.stack_bytes), std::move(body));
}

/// Starts a leaf on the stack of the running fiber and comes back when it is complete.
template <class L>
[[gnu::noinline]] void await_leaf(L& leaf) noexcept {
  static_assert(LeafType<L>);
  Runnable& fiber = running_fiber();
  Seat* seat = begin_leaf(current_seat());
  if (seat == nullptr) [[unlikely]] {
    leave_to_rejoin(fiber, &leaf, start_at_home<L, resume_fiber>);
    return;
  }
  if (start_unless_stopped(leaf, fiber) || spend_unit(*seat, fiber)) {
    leave_parked(fiber);
    return;
  }
  end_leaf(*seat);
}

/// Waits, in a fiber, for what an asynchronous function of Rota returns: what `co_await` is in a
/// coroutine. Outside a fiber it aborts with a message.
///
/// @threads one fiber
/// @loses what the wait loses
/// @owns what is awaited is in the expression that waits
/// @errors those of the wait
template <class L>
auto await(Await<L>&& awaited) -> decltype(awaited.leaf().finish()) {
  await_leaf(awaited.leaf());
  return awaited.leaf().finish();
}

/// Runs `task` as a part of the running fiber and yields its result, or rethrows its exception.
template <class T>
T await(Task<T> task) {
  Runnable& fiber = running_fiber();
  typename Task<T>::Awaiter child = std::move(task).operator co_await();
  leave_for(fiber, child.await_suspend(root_of(fiber)));
  return child.await_resume();
}

}  // namespace rota::inline v0
