#pragma once

#include <rota/core/list.hpp>
#include <rota/core/spin_lock.hpp>
#include <rota/core/task_header.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>

namespace rota::inline v0 {

class RuntimeCore;

/// The children of a scope: who they are, whether they must stop, what failed first. It is a region
/// of the task that opened it, from then until the children have ended: what stops its surroundings
/// stops the children, whatever the task does meanwhile, and the first error of a child stops the
/// body.
///
/// Any thread: `add`, `remove` and `stop_all` are called by whichever worker a child runs on. All
/// fields are under `lock_`; a child's own stop word is reached only while it is in the list, so
/// its header is alive, and its node is sent after the lock is released.
///
/// No lock is taken while the scope is `alone_with_` one worker: its owner and all its children
/// live there, tasks never move, and whatever is done to it is done inside that worker's bracket.
/// Two things end that. A child that is started on another worker is added only once the scope is
/// shared. And a worker from which a thread was taken with its task says so (Worker::is_sole)
/// before it goes on with another one; from then on both take the lock. Rejected: a lock that leans
/// to one worker and is taken from it by a barrier on every core, which a child elsewhere would
/// cost.
class ScopeCore : public StopRegion {
 public:
  /// What the failure of one child means for the others. A scope that keeps them also keeps no
  /// errors: nobody waits for it, and they would pile up for as long as the runtime lives.
  enum class OnFailure : std::uint8_t { stop_siblings, keep_siblings };

  explicit ScopeCore(RuntimeCore& runtime,
                     OnFailure on_failure = OnFailure::stop_siblings) noexcept
      : StopRegion(Kind::scope), runtime_(runtime), on_failure_(on_failure) {}
  ScopeCore(const ScopeCore&) = delete;
  ScopeCore& operator=(const ScopeCore&) = delete;

  [[nodiscard]] RuntimeCore& runtime() const noexcept { return runtime_; }

  /// By the task that runs the body, before the first child: the one that a failure stops.
  void set_owner(TaskHeader& owner) noexcept;
  /// From here on others than the worker that it is alone with may touch it. In that one's bracket,
  /// or before anybody else knows it.
  void share() noexcept { alone_with_ = nullptr; }
  /// Before the first child: they all live where `worker` is.
  void begin_alone_with(Worker& worker) noexcept { alone_with_ = &worker; }

  /// False: the scope refuses new children, and `child` is not one of them. `here` is the worker in
  /// whose bracket the caller is, or null.
  [[nodiscard]] bool add(TaskHeader& child, const Worker* here) noexcept;
  /// From here on nothing is added, but for what is being added at this moment. For the scopes of a
  /// runtime that is shut down.
  void refuse() noexcept { refusing_.store(true, MemoryOrder::relaxed); }
  /// A child ended, with its error if it failed. Returns the runnable that waits for the last
  /// child, if this was the last. `here` as in `add`.
  [[nodiscard]] Runnable* remove(TaskHeader& child, const Worker* here) noexcept;
  /// A child or the body failed. The first error stops the children and the body; a later one is
  /// kept unless it is the first again, joined and thrown on, or says only that its task was
  /// stopped. When there is no memory to keep it, the first goes on without it.
  void fail(const std::exception_ptr& error) noexcept;
  /// Asks all children to stop, and those that come later. Once is enough.
  void stop_all() noexcept;

  /// True when parked until the last child ends. One waiter.
  [[nodiscard]] bool wait(Runnable& waiter) noexcept;

  /// A guess while children come and go. Acquire: whoever finds that none is left sees what they
  /// did.
  [[nodiscard]] std::size_t live() const noexcept { return live_.load(MemoryOrder::acquire); }
  /// Once the last child has ended: throws what failed, as ScopeErrors when it was more than one
  /// error, and returns when nothing did.
  void rethrow_errors();

 private:
  class Hold;

  void count(std::size_t live) noexcept { live_.store(live, MemoryOrder::release); }
  [[nodiscard]] bool become_first(const std::exception_ptr& error) noexcept;
  [[nodiscard]] std::size_t stop_some(std::size_t left) noexcept;
  void stop_body() noexcept;

  RuntimeCore& runtime_;
  const OnFailure on_failure_;
  TaskHeader* owner_ = nullptr;  // fixed before the first child; null for a runtime's own scope
  const Worker* alone_with_ = nullptr;  // cleared once, inside the bracket of that worker
  SpinLock lock_;
  bool stopping_ = false;
  // Written by whoever shuts down. Relaxed: what is added meanwhile is waited for.
  Atomic<bool> refusing_{false};
  LinkedList<SiblingNode> children_;
  Atomic<std::size_t> live_{0};  // written under the lock, read by anybody
  Runnable* waiter_ = nullptr;
  std::exception_ptr first_error_;
  std::list<std::exception_ptr> later_errors_;  // in the order in which they happened
};

/// Stops the children of every scope of the task whose surroundings must stop. Home worker, while
/// the task's chain of regions does not change.
void stop_inner_scopes(const TaskHeader& task) noexcept;

}  // namespace rota::inline v0
