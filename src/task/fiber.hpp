#pragma once

#include <rota/core/fiber_calls.hpp>
#include <rota/core/runnable.hpp>
#include <rota/task.hpp>

#include "task/context.hpp"
#include "task/exception_state.hpp"
#include "task/stack_pool.hpp"

#include <coroutine>
#include <cstdint>

namespace rota::inline v0 {

/// A runnable with a stack of its own, one part of a task as its coroutine frames are.
///
/// 1. A root frame stands for the fiber among frames (`run_on` in fiber.hpp): it holds the result
///    and what awaits it. It never runs while the fiber does: each time it is resumed, it enters
///    the fiber again (`go_on`).
/// 2. The fiber leaves its stack for one of four reasons (`Departure`), and what must happen then
///    happens on the carrier, once the stack is left. A leaf, though, is started on the stack, for
///    most are complete at once and cost no switch: as soon as the fiber is parked or ready another
///    carrier may come to enter it, and waits until it is `left_`. The bracket of the leaf stays
///    open over the switch, so that this is soon.
/// 3. A Task that the fiber awaits runs on the carrier's stack, as any frame does. The root frame
///    is its continuation: that resumes the fiber, by symmetric transfer, whatever thread ends it.
/// 4. It lies at the top of its own stack.
class Fiber : public Runnable {
 public:
  /// Throws StackLimit.
  static Fiber& make(std::size_t stack_bytes);
  /// A fiber that was never entered, or has ended.
  static void free(Fiber& fiber) noexcept;

  /// On a carrier: runs the fiber until it leaves its stack. Returns the frame to go on with.
  [[nodiscard]] std::coroutine_handle<> go_on() noexcept;

  /// On the stack of the fiber; each returns when it is entered again.
  void leave_parked() noexcept;
  void leave_to_rejoin(void* leaf, void (*start)(Runnable&) noexcept) noexcept;
  void leave_for(std::coroutine_handle<> frame) noexcept;

  /// What runs on the stack, before it is entered first.
  void begin(FiberBody& body) noexcept { body_ = &body; }
  /// Whom it is entered for.
  void enter_for(FramePromise& root) noexcept {
    root_ = std::coroutine_handle<FramePromise>::from_promise(root);
    task = root.task;
  }
  [[nodiscard]] bool ended() const noexcept { return departure_ == Departure::ended; }
  [[nodiscard]] std::coroutine_handle<FramePromise> root() const noexcept { return root_; }

 private:
  enum class Departure : std::uint8_t {
    none,    ///< never entered
    parked,  ///< in a leaf, or ready again; the bracket is open
    rejoin,  ///< the worker is gone: the leaf is started at home
    frame,   ///< awaits a Task
    ended,
  };

  explicit Fiber(StackMemory stack, StackMemory below) noexcept;
  static void run(void* fiber) noexcept;

  const StackMemory stack_;  // all of it, this object included
  Context context_;
  ExceptionState exceptions_;
  FiberBody* body_ = nullptr;
  std::coroutine_handle<FramePromise> root_;
  Departure departure_ = Departure::none;
  // Written by the carrier that is on the stack; read by the one that comes next.
  Atomic<bool> left_{true};
  // Operands of the departure.
  void* leaf_ = nullptr;
  void (*start_)(Runnable&) noexcept = nullptr;
  std::coroutine_handle<> frame_;
};

}  // namespace rota::inline v0
