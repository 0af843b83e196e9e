#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/fork_errors.hpp>
#include <rota/core/fork_join.hpp>
#include <rota/core/frame_class.hpp>
#include <rota/core/leaf.hpp>
#include <rota/core/runnable.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>

namespace rota::inline v0 {

class ForkStore;
struct ForkFrame;

/// What a task is parked on while a forking function runs for it, on any number of workers. Each of
/// them has the task as its running one, and finds a stop in its header, which does not change
/// meanwhile. The wait ends with the function, never before.
struct ForkRoot : Leaf {
  explicit ForkRoot(ForkFrame* first) noexcept : frame(first) {}

  ForkFrame* const frame;
  ForkErrors errors;
};

/// What the frame of every forking function begins with. It belongs to whoever runs the function;
/// after it was pushed on a deque, to whoever takes or steals it from there. What other threads
/// touch is `join`, and under the lock of the root's errors `failed` and `error`.
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
  // Set by the first of what the function has forked or called that fails; the root's by its own
  // end. Relaxed: who looks whether to begin another child, or to stop, may be late, and a join
  // orders the error.
  Atomic<bool> failed{false};
  bool unjoined = false;  ///< has forked since its last join
  bool threw = false;
  Kind kind = Kind::called;
  union {
    std::exception_ptr error;  ///< while `failed`
  };

  [[nodiscard]] bool has_failed() const noexcept { return failed.load(MemoryOrder::relaxed); }
  void fail(const std::exception_ptr& thrown) noexcept { root->errors.add(*this, thrown); }
  /// After a join, when it has failed.
  [[noreturn]] void rethrow_errors() { root->errors.rethrow(*this); }
  void unhandled_exception() noexcept {
    threw = true;
    ForkFrame& told = kind == Kind::root ? *this : *parent;
    told.fail(std::current_exception());
  }
};

/// Memory of the calling thread's store, which is no part of its worker: forking functions run for
/// as long as they like, and must not open the bracket each time. Null when there is none. Any
/// thread.
[[nodiscard]] void* allocate_fork_block(std::size_t frame_class) noexcept;
[[nodiscard]] void* allocate_large_fork(std::size_t bytes) noexcept;
/// Any thread may free any.
void free_fork_block(void* memory, std::size_t frame_class) noexcept;
void free_large_fork(void* memory) noexcept;

/// The compiler knows the size of a frame, and is left with the call.
[[nodiscard]] inline void* allocate_fork(std::size_t bytes) noexcept {
  return bytes <= largest_frame_block ? allocate_fork_block(frame_class_of(bytes))
                                      : allocate_large_fork(bytes);
}
inline void free_fork(void* memory, std::size_t bytes) noexcept {
  if (bytes > largest_frame_block) return free_large_fork(memory);
  free_fork_block(memory, frame_class_of(bytes));
}

/// What the caller goes on with, having suspended `parent` to run `child` beside it: the child,
/// with the parent left to thieves; or the parent, if the child cannot begin or a sibling has
/// failed.
[[nodiscard]] std::coroutine_handle<> begin_fork(ForkFrame& parent, ForkFrame& child) noexcept;
/// The same when there was no memory for the child.
[[nodiscard]] std::coroutine_handle<> fail_fork(ForkFrame& parent) noexcept;
/// Whether the suspended frame waits for what it has forked. If so it is somebody else's already.
[[nodiscard]] bool wait_for_forks(ForkFrame& frame) noexcept;
/// Parks a task on the root, and says what to go on with: the root's frame.
[[nodiscard]] std::coroutine_handle<> begin_root(ForkRoot& root, Runnable& waiter) noexcept;
/// The end of a suspended frame, and what the thread goes on with. Its own memory may be free then.
[[nodiscard]] std::coroutine_handle<> end_fork(ForkFrame& ended) noexcept;

[[nodiscard]] inline std::coroutine_handle<> handle_of(ForkFrame& frame) noexcept {
  return std::coroutine_handle<ForkFrame>::from_promise(frame);
}

/// The same as `begin_fork` with a parent that waits for the child.
[[nodiscard]] inline std::coroutine_handle<> begin_call(ForkFrame& parent,
                                                        ForkFrame& child) noexcept {
  child.here = parent.here;
  child.parent = &parent;
  child.root = parent.root;
  return handle_of(child);
}
/// What a caller goes on with when there is no memory for what it calls: itself, once its forks
/// have ended. It will throw.
[[nodiscard]] std::coroutine_handle<> fail_call(ForkFrame& parent) noexcept;

/// In a forking function: whether its thread has nothing left that a thief could take. A function
/// that can divide its work does so then, and not before: that is when somebody has time.
[[nodiscard]] bool forks_wanted() noexcept;

}  // namespace rota::inline v0
