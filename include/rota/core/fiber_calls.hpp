#pragma once

#include <rota/core/platform.hpp>
#include <rota/core/runnable.hpp>

#include <coroutine>
#include <cstddef>
#include <utility>

namespace rota::inline v0 {

class Fiber;
struct FramePromise;

/// What the typed shell of fibers (fiber.hpp) asks of the machinery below. A function that may
/// leave the fiber's stack comes back on whatever thread carries the worker then.

/// Frames grow in sanitizer builds, so stacks do too.
inline constexpr std::size_t default_stack_bytes =
    (address_sanitizer || thread_sanitizer ? 256 : 64) * 1024;

/// What runs on the stack. `run` catches what the body throws.
struct FiberBody {
  void (*run)(FiberBody& self) noexcept;
};

/// Owns a fiber that has not begun, or has ended.
class FiberRef {
 public:
  /// Throws std::bad_alloc, whose `what` names the limit that was met.
  explicit FiberRef(std::size_t stack_bytes);
  FiberRef(FiberRef&& other) noexcept : fiber_(std::exchange(other.fiber_, nullptr)) {}
  FiberRef& operator=(FiberRef&&) = delete;
  ~FiberRef();

  [[nodiscard]] Fiber& operator*() const noexcept { return *fiber_; }

 private:
  Fiber* fiber_;
};

/// Says what runs on the fiber, before it is entered first.
void begin_fiber(Fiber& fiber, FiberBody& body) noexcept;
/// Enters the fiber for its root frame, until it parks, awaits a frame or ends. Returns the frame
/// to go on with; from then on the root may already be gone.
[[nodiscard]] std::coroutine_handle<> enter_fiber(Fiber& fiber, FramePromise& root) noexcept;
[[nodiscard]] bool fiber_ended(const Fiber& fiber) noexcept;

/// The fiber on whose stack the caller is. Aborts with a message when it is on none.
[[nodiscard]] Runnable& running_fiber() noexcept;
/// Continues a fiber that was parked.
void resume_fiber(Runnable& fiber) noexcept;

/// On the fiber's stack, with the bracket of a leaf open: it is parked, or ready again. The
/// carrier closes the bracket once the stack is left.
void leave_parked(Runnable& fiber) noexcept;
/// On the fiber's stack, without its worker: `start` starts `leaf` at home.
void leave_to_rejoin(Runnable& fiber, void* leaf, void (*start)(Runnable&) noexcept) noexcept;
/// On the fiber's stack: runs `frame`, whose continuation is `root_of` the fiber.
void leave_for(Runnable& fiber, std::coroutine_handle<> frame) noexcept;
[[nodiscard]] std::coroutine_handle<FramePromise> root_of(Runnable& fiber) noexcept;

}  // namespace rota::inline v0
