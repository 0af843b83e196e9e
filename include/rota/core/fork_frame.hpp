#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/fork_join.hpp>
#include <rota/core/leaf.hpp>
#include <rota/core/runnable.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <utility>

namespace rota::inline v0 {

class ForkStore;
struct ForkFrame;

/// What a task is parked on while a forking function runs for it, on any number of workers. Each of
/// them has the task as its running one, and finds a stop in its header, which does not change
/// meanwhile. The wait ends with the function, never before.
struct ForkRoot : Leaf {
  explicit ForkRoot(ForkFrame* first) noexcept : frame(first) {}

  ForkFrame* const frame;
};

/// What the frame of every forking function begins with. It belongs to whoever runs the function;
/// after it was pushed on a deque, to whoever takes or steals it from there. What other threads
/// touch is `join`, `failed` and, of the first to set that, `error`.
struct ForkFrame {
  /// What its caller does meanwhile, and so what its end must do.
  enum class Kind : std::uint8_t {
    forked,  ///< may be stolen; the frame frees itself
    called,  ///< waits, and frees the frame
    root,    ///< is a task, parked; it frees the frame
  };

  ForkFrame() noexcept {}
  ForkFrame(const ForkFrame&) = delete;
  ForkFrame& operator=(const ForkFrame&) = delete;
  ~ForkFrame() {
    if (has_failed()) [[unlikely]]
      error.~exception_ptr();
  }

  ForkStore* here = nullptr;  ///< of the thread that runs it
  ForkFrame* parent = nullptr;
  ForkRoot* root = nullptr;
  ForkJoin join;
  // Set by the first of the function's children that fails, or by its own end. Relaxed: who looks
  // whether to begin another child may be late, and a join orders the error.
  Atomic<bool> failed{false};
  bool unjoined = false;  ///< has forked since its last join
  Kind kind = Kind::called;
  union {
    std::exception_ptr error;  ///< while `failed`
  };

  [[nodiscard]] bool has_failed() const noexcept { return failed.load(MemoryOrder::relaxed); }
  /// The first error counts: it has stopped the children that might have had another.
  void fail(std::exception_ptr thrown) noexcept {
    if (!failed.exchange(true, MemoryOrder::relaxed)) {
      ::new (&error) std::exception_ptr(std::move(thrown));
    }
  }
  /// After a join.
  [[nodiscard]] std::exception_ptr take_error() noexcept {
    std::exception_ptr taken = std::move(error);
    error.~exception_ptr();
    failed.store(false, MemoryOrder::relaxed);
    return taken;
  }
  void unhandled_exception() noexcept {
    ForkFrame& told = kind == Kind::forked ? *parent : *this;
    told.fail(std::current_exception());
  }
};

/// Memory of the calling thread's store, which is no part of its worker: forking functions run for
/// as long as they like, and must not open the bracket each time. Null when there is none. Any
/// thread.
[[nodiscard]] void* allocate_fork(std::size_t bytes) noexcept;
/// Any thread may free any.
void free_fork(void* memory, std::size_t bytes) noexcept;

/// What the caller goes on with, having suspended `parent` to run `child` beside it: the child,
/// with the parent left to thieves; or the parent, if the child cannot begin or a sibling has
/// failed. `child` is null when there was no memory for it.
[[nodiscard]] std::coroutine_handle<> begin_fork(ForkFrame& parent, ForkFrame* child) noexcept;
/// Whether the suspended frame waits for what it has forked. If so it is somebody else's already.
[[nodiscard]] bool wait_for_forks(ForkFrame& frame) noexcept;
/// Parks a task on the root, and says what to go on with: the root's frame.
[[nodiscard]] std::coroutine_handle<> begin_root(ForkRoot& root, Runnable& waiter) noexcept;
/// The end of a suspended frame, and what the thread goes on with. Its own memory may be free then.
[[nodiscard]] std::coroutine_handle<> end_fork(ForkFrame& ended) noexcept;

[[nodiscard]] inline std::coroutine_handle<> handle_of(ForkFrame& frame) noexcept {
  return std::coroutine_handle<ForkFrame>::from_promise(frame);
}

/// The same as `begin_fork` with a parent that waits for the child. If there is no child, once the
/// parent's forks have ended: it will throw.
[[nodiscard]] inline std::coroutine_handle<> begin_call(ForkFrame& parent,
                                                        ForkFrame* child) noexcept {
  if (child == nullptr) [[unlikely]] {
    return wait_for_forks(parent) ? std::noop_coroutine() : handle_of(parent);
  }
  child->here = parent.here;
  child->parent = &parent;
  child->root = parent.root;
  return handle_of(*child);
}

/// In a forking function: whether its thread has nothing left that a thief could take. A function
/// that can divide its work does so then, and not before: that is when somebody has time.
[[nodiscard]] bool forks_wanted() noexcept;

}  // namespace rota::inline v0
