#pragma once

#include <rota/core/fork_frame.hpp>
#include <rota/core/runnable.hpp>
#include <rota/core/task_header.hpp>
#include <rota/core/work_deque.hpp>

#include "sched/frame_pool.hpp"
#include "sched/shared_work.hpp"

namespace rota::inline v0 {

/// How a worker runs what it has stolen: like a task of its own, with a header that no other worker
/// has. The header of the task that it is done for stays at home, with the wait that all end; the
/// functions find it as the running task's.
struct StolenRun : Runnable {
  StolenRun() noexcept;

  TaskHeader header;
  ForkFrame* frame = nullptr;
};

/// What a thread has forked, and the memory of the frames. It belongs to the thread that carries a
/// worker and not to the worker: whoever takes the worker over gives it another one, and a thread
/// that was left behind runs what it has forked to its end.
///
/// 1. A run begins with an empty deque and ends with an empty one: a frame that finds its parent
///    stolen, or waits at its join, finds all older ones stolen too. So the deque holds frames of
///    one root at a time, and what is taken is the parent of the frame that has just ended.
/// 2. Stores are never destroyed, like frame pools: a thief may look at one that its worker has
///    left.
/// 3. `running_` is the function that the thread runs, or one that has called it and has forked
///    nothing since: what fails in the tree it belongs to is found from there. Null between runs.
class alignas(128) ForkStore {
 public:
  /// One for a thread: a free one, or a new one. Throws std::bad_alloc.
  static ForkStore& acquire(SharedWork* shared);
  /// The thread is done, and its deque empty.
  static void retire(ForkStore& store) noexcept;

  ForkStore(const ForkStore&) = delete;
  ForkStore& operator=(const ForkStore&) = delete;

  [[nodiscard]] WorkDeque<ForkFrame>& deque() noexcept { return deque_; }
  [[nodiscard]] FramePool& frames() const noexcept { return frames_; }
  /// Whom to rouse; null where nobody steals.
  [[nodiscard]] const IdleSet* idle() const noexcept { return idle_; }
  /// Any other thread.
  [[nodiscard]] ForkFrame* steal() noexcept { return deque_.steal(); }
  /// What the thread goes on with; null: with something else than forks.
  void runs(ForkFrame* frame) noexcept { running_ = frame; }
  /// Whether something has failed that the running function is a part of. By the thread.
  [[nodiscard]] bool must_stop() const noexcept;
  /// By the thread, for the worker that it carries.
  [[nodiscard]] Runnable& stolen_run(ForkFrame& frame, Worker& worker) noexcept;

 private:
  ForkStore() : frames_(FramePool::acquire()) {}

  WorkDeque<ForkFrame> deque_;
  FramePool& frames_;
  const IdleSet* idle_ = nullptr;
  ForkFrame* running_ = nullptr;
  StolenRun stolen_run_;
  ForkStore* next_store_ = nullptr;  // In the list of free ones.
};

}  // namespace rota::inline v0
