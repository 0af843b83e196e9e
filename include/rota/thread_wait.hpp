#pragma once

#include <rota/await.hpp>
#include <rota/core/atomic.hpp>
#include <rota/core/runnable.hpp>
#include <rota/core/task_header.hpp>

#include <cstdint>
#include <utility>

namespace rota::inline v0 {

/// A thread that belongs to no worker, as what a leaf wakes: its task lives on no worker, and to
/// make it ready is to let the thread go on.
///
/// `state_` is written by whoever wakes (exchange, release) and read by the thread (acquire), which
/// thereby sees what came before the wake.
class ThreadWaiter : public Runnable {
 public:
  /// Ends the process with a message when the calling thread is inside a task.
  ThreadWaiter() noexcept;

  /// Blocks the thread until the leaf that was started for it is ended.
  void sleep() noexcept;

 private:
  enum class State : std::uint32_t { waits, sleeps, woken };

  static void go_on(Runnable& self) noexcept;

  Atomic<State> state_{State::waits};
  TaskHeader header_;
};

/// A leaf that can be started for a thread as well as for a task: it asks nothing of a worker.
template <class L>
concept ThreadLeaf = LeafType<L> && L::any_thread;

/// Blocks a plain thread until `awaited` has ended: the `co_await` of a thread that is no worker,
/// for the types of this folder which say *any thread* (Mutex, Channel, Event and so on). Among
/// tasks it stands in the same lines. Inside a task it ends the process with a message, since it
/// would block a worker: await there.
///
/// @threads a plain thread, which it blocks
/// @loses nothing: nothing can cancel it
/// @owns what is awaited is in the expression that waits
/// @errors those of the wait
///
///     Result<MutexGuard> guard = rota::wait_in_thread(mutex.lock());
template <ThreadLeaf L>
auto wait_in_thread(Await<L>&& awaited) -> decltype(awaited.leaf().finish()) {
  ThreadWaiter thread;
  if (awaited.leaf().start(thread)) thread.sleep();
  return awaited.leaf().finish();
}

}  // namespace rota::inline v0
