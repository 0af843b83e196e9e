#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/spin_lock.hpp>

#include <cstdint>

namespace rota::inline v0 {

class Worker;

// On which worker a task lives. Where tasks never move it is written once, at spawn, and read like
// any pointer; the rules are for a runtime whose workers steal.
//
// Rules
//   1. A worker runs a task only once it is the task's home. A task that was stolen, or woken by
//      another worker than its home, is somewhere in a queue of that worker meanwhile; its home is
//      still the old one. Whoever takes it out of the queue to run it moves it: `move_to`.
//   2. A stop is looked at by the home (stop_word.hpp), which follows the task's chain of regions
//      and may cancel what the task is parked on. Both are the task's own as soon as it runs, so
//      the home keeps it from moving while it looks: `try_begin_look`, `end_look`. It fails when
//      the task has moved, and then the node is sent after it.
//   3. Only the two steps out of a worker's value are contested: each is a compare-and-swap. The
//      mover waits for a look in progress, which is as long as cancelling one wait; the home never
//      waits for a mover.
//   4. Anybody may read the home to send something there. What arrives too late is sent on.
class HomeWord {
 public:
  HomeWord() noexcept = default;
  HomeWord(const HomeWord&) = delete;
  HomeWord& operator=(const HomeWord&) = delete;

  // Relaxed: the worker is older than the task, and rule 4 copes with a stale answer.
  [[nodiscard]] Worker* at() const noexcept { return worker_of(word_.load(MemoryOrder::relaxed)); }
  operator Worker*() const noexcept { return at(); }  // NOLINT(google-explicit-constructor)
  Worker* operator->() const noexcept { return at(); }

  // Before anybody else knows the task.
  void set(Worker* worker) noexcept { word_.store(word_of(worker), MemoryOrder::relaxed); }

  // By the worker that is about to run the task.
  void move_to(Worker* worker) noexcept {
    std::uintptr_t seen = word_.load(MemoryOrder::relaxed) & ~looking;
    SpinWait wait;
    // Acquire: all that a look did comes before the task goes on. Release: a later look, which
    // finds this home, comes after all that the task did before.
    while (!word_.compare_exchange_weak(seen, word_of(worker), MemoryOrder::acq_rel,
                                        MemoryOrder::relaxed)) {
      if ((seen & looking) != 0) wait.once();
      seen &= ~looking;
    }
  }

  // By the worker that has the task's StopNode. False: the task lives elsewhere by now.
  [[nodiscard]] bool try_begin_look(Worker* worker) noexcept {
    std::uintptr_t seen = word_of(worker);
    return word_.compare_exchange_strong(seen, word_of(worker) | looking, MemoryOrder::acquire,
                                         MemoryOrder::relaxed);
  }
  void end_look(Worker* worker) noexcept { word_.store(word_of(worker), MemoryOrder::release); }

 private:
  static constexpr std::uintptr_t looking = 1;  // A worker is aligned to far more.

  static std::uintptr_t word_of(Worker* worker) noexcept {
    return reinterpret_cast<std::uintptr_t>(worker);
  }
  static Worker* worker_of(std::uintptr_t word) noexcept {
    return reinterpret_cast<Worker*>(word & ~looking);
  }

  // Whoever spawns the task, then movers; the home sets and clears `looking`.
  Atomic<std::uintptr_t> word_{0};
};

}  // namespace rota::inline v0
