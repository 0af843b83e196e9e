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
  void set_owner(TaskHeader& owner) noexcept { owner_ = &owner; }

  /// False: the scope refuses new children, and `child` is not one of them.
  [[nodiscard]] bool add(TaskHeader& child) noexcept;
  /// From here on nothing is added. For the scope of a runtime that is shut down.
  void refuse() noexcept;
  /// A child ended, with its error if it failed. Returns the runnable that waits for the last
  /// child, if this was the last.
  [[nodiscard]] Runnable* remove(TaskHeader& child) noexcept;
  /// A child or the body failed. The first error stops the children and the body; a later one is
  /// kept unless it is the first again, joined and thrown on, or says only that its task was
  /// stopped. When there is no memory to keep it, the first goes on without it.
  void fail(const std::exception_ptr& error) noexcept;
  /// Asks all children to stop, and those that come later. Once is enough.
  void stop_all() noexcept;

  /// True when parked until the last child ends. One waiter.
  [[nodiscard]] bool wait(Runnable& waiter) noexcept;

  [[nodiscard]] std::size_t live() noexcept;
  [[nodiscard]] bool stopping() noexcept;
  /// Once the last child has ended: throws what failed, as ScopeErrors when it was more than one
  /// error, and returns when nothing did.
  void rethrow_errors();

 private:
  [[nodiscard]] bool become_first(const std::exception_ptr& error) noexcept;
  [[nodiscard]] std::size_t stop_some(std::size_t left) noexcept;
  void stop_body() noexcept;

  RuntimeCore& runtime_;
  const OnFailure on_failure_;
  TaskHeader* owner_ = nullptr;  // fixed before the first child; null for a runtime's own scope
  SpinLock lock_;
  bool stopping_ = false;
  bool refusing_ = false;
  LinkedList<SiblingNode> children_;
  std::size_t live_ = 0;
  Runnable* waiter_ = nullptr;
  std::exception_ptr first_error_;
  std::list<std::exception_ptr> later_errors_;  // in the order in which they happened
};

/// Stops the children of every scope of the task whose surroundings must stop. Home worker, while
/// the task's chain of regions does not change.
void stop_inner_scopes(const TaskHeader& task) noexcept;

}  // namespace rota::inline v0
