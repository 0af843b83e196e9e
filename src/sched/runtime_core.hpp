#pragma once

#include <rota/core/scope_core.hpp>
#include <rota/core/spin_lock.hpp>

#include "core/descriptor_table.hpp"
#include "sched/scheduler.hpp"
#include "sched/shared_work.hpp"
#include "sched/wait_rule.hpp"

#include <cstdint>
#include <span>

namespace rota::inline v0 {

class BlockingThreads;
class Crew;

/// What the workers of one runtime share. Fixed before the first worker runs.
class RuntimeCore {
 public:
  RuntimeCore() noexcept : common_root_(*this, ScopeCore::OnFailure::keep_siblings) {}
  RuntimeCore(const RuntimeCore&) = delete;
  RuntimeCore& operator=(const RuntimeCore&) = delete;

  void use(Scheduler& scheduler) noexcept { scheduler_ = &scheduler; }
  /// By their index.
  void employ(std::span<Worker* const> workers) noexcept { workers_ = workers; }
  /// Tasks may move between the workers that are made from now on; so may Descriptors, if their
  /// drivers let them go.
  void share(SharedWork& work, DescriptorHome::Move descriptors) noexcept {
    shared_ = &work;
    descriptors_move_ = descriptors;
  }

  /// The workers that are made from now on are simulated: they share a thread.
  void use(Crew& crew) noexcept { crew_ = &crew; }
  [[nodiscard]] Crew* crew() const noexcept { return crew_; }

  /// How the workers wait that are made from now on.
  void use(WaitRule rule) noexcept { wait_rule_ = rule; }
  [[nodiscard]] WaitRule wait_rule() const noexcept { return wait_rule_; }

  /// The threads for what blocks. Without any, a worker calls it itself.
  void use(BlockingThreads& threads) noexcept { blocking_ = &threads; }
  [[nodiscard]] BlockingThreads* blocking() const noexcept { return blocking_; }

  [[nodiscard]] Scheduler& scheduler() noexcept { return *scheduler_; }
  [[nodiscard]] std::span<Worker* const> workers() const noexcept { return workers_; }
  /// Null where tasks never move.
  [[nodiscard]] SharedWork* shared() noexcept { return shared_; }
  [[nodiscard]] DescriptorHome::Move descriptors_move() const noexcept { return descriptors_move_; }
  [[nodiscard]] DescriptorTable& descriptors() noexcept { return descriptors_; }
  /// Told when a worker is about to sleep. For whoever waits until all do.
  struct IdleListener {
    void (*on_idle)(IdleListener&) noexcept;
    IdleListener* next = nullptr;
  };
  void listen(IdleListener& listener) noexcept {
    SpinGuard guard(listeners_lock_);
    listener.next = listeners_.load(MemoryOrder::relaxed);
    listeners_.store(&listener, MemoryOrder::seq_cst);
  }
  /// Afterwards it is not told any more.
  void forget(IdleListener& listener) noexcept {
    SpinGuard guard(listeners_lock_);
    IdleListener* first = listeners_.load(MemoryOrder::relaxed);
    if (first == &listener) return listeners_.store(listener.next, MemoryOrder::relaxed);
    while (first->next != &listener) first = first->next;
    first->next = listener.next;
  }
  /// By a worker that has announced its sleep. Seq_cst: whoever listens looks at the announcements
  /// afterwards, so that one of the two sees the other.
  void note_idle() noexcept {
    if (listeners_.load(MemoryOrder::seq_cst) == nullptr) [[likely]]
      return;
    SpinGuard guard(listeners_lock_);
    IdleListener* listener = listeners_.load(MemoryOrder::relaxed);
    for (; listener != nullptr; listener = listener->next) listener->on_idle(*listener);
  }
  /// Whether somebody waits for the workers to sleep, who will then do so and not spin. Relaxed: it
  /// is asked again until it is seen.
  [[nodiscard]] bool is_awaited() const noexcept {
    return listeners_.load(MemoryOrder::relaxed) != nullptr;
  }
  // Tasks that belong to no scope of a task are in one of the runtime's: what a task spawns is in
  // that of its worker (Worker::root), so that workers share nothing when they spawn.

  /// The scope of what plain threads spawn, and of what is placed on a worker by its name.
  [[nodiscard]] ScopeCore& common_root() noexcept { return common_root_; }
  /// Asks all tasks to stop, and those that come later. Any thread.
  void stop_all() noexcept;
  /// From here on no task is added to these scopes.
  void refuse() noexcept;
  /// How many tasks there are, but for those in a scope of another; exact while no worker runs.
  [[nodiscard]] std::size_t tasks_live() noexcept;

 private:
  Scheduler* scheduler_ = nullptr;
  std::span<Worker* const> workers_;
  SharedWork* shared_ = nullptr;
  Crew* crew_ = nullptr;
  BlockingThreads* blocking_ = nullptr;
  WaitRule wait_rule_;
  DescriptorHome::Move descriptors_move_ = DescriptorHome::Move::forbidden;
  SpinLock listeners_lock_;
  Atomic<IdleListener*> listeners_{nullptr};
  DescriptorTable descriptors_;
  ScopeCore common_root_;
};

}  // namespace rota::inline v0
