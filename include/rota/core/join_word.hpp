#pragma once

#include <rota/core/atomic.hpp>

#include <cassert>
#include <cstdint>

namespace rota::inline v0 {

// What a task that ends, the one waiter of its handle and the handle itself agree through: the
// waiter is woken exactly once or not at all, and exactly one party frees the task.
//
// Rules
//   1. The task ends once: finish. The handle is dropped once: detach. Between them the holder of
//      the handle may wait and stop waiting any number of times, one waiter at a time.
//   2. finish before detach: the task keeps its result and the dropper frees it.
//      detach before finish: nobody wants the result and the ending task frees itself.
//      Both are exchanges, so one of them comes first and the second one frees.
//   3. finish takes the waiter out by its exchange. From then on only the ending task may resume
//      that waiter: stop_waiting answers false, and the waiter stays suspended until that wake
//      comes. A cancel that is too late loses; success wins.
//   4. The handle is not dropped while a waiter is registered: a cancelled joiner first succeeds
//      in stop_waiting or is woken by rule 3.
//   5. Where the task and its waiter live on one worker, and neither can be at work anywhere else
//      (Worker::is_sole), nothing is exchanged: wait_beside and finish_beside are called inside
//      that worker's bracket, where stop_waiting is, and so exclude each other. `beside` in the
//      word tells finish_beside that its waiter is such a one. Locked instructions would be a
//      quarter of what a spawn and its join take.
class JoinWord {
 public:
  // What the ending task has to do.
  struct End {
    enum class Kind : std::uint8_t {
      kept,  // The handle is still held: whoever drops it frees the task.
      wake,  // Make `waiter` ready; it holds the handle and frees by dropping it.
      free,  // The handle is gone: free the task now.
    };
    Kind kind;
    void* waiter;
  };

  JoinWord() noexcept = default;
  JoinWord(const JoinWord&) = delete;
  JoinWord& operator=(const JoinWord&) = delete;

  // The ending task, once, after it stored its result. After `kept` and `wake` the task's memory
  // belongs to the holder of the handle and must not be touched.
  [[nodiscard]] End finish() noexcept {
    // Release publishes the result to wait, stop_waiting and detach. Acquire pairs with wait (the
    // waiter is complete) and with detach (its last use of the task comes before the free).
    const std::uintptr_t before = word_.exchange(done, MemoryOrder::acq_rel);
    assert(before != done);
    switch (before) {
      case running:
        return {End::Kind::kept, nullptr};
      case detached:
        return {End::Kind::free, nullptr};
      default:
        return {End::Kind::wake, waiter_of(before)};
    }
  }

  // Rule 5. As finish; by a task that ends on its worker. Null: call finish.
  [[nodiscard]] void* finish_beside() noexcept {
    const std::uintptr_t waiter = word_.load(MemoryOrder::relaxed);
    if (!is_beside(waiter)) return nullptr;
    word_.store(done, MemoryOrder::release);  // For is_done, which any thread may ask.
    return reinterpret_cast<void*>(waiter - beside);
  }

  // Rule 5. As wait; `waiter` is aligned to 8.
  [[nodiscard]] bool wait_beside(void* waiter) noexcept {
    if (word_.load(MemoryOrder::relaxed) != running) return false;
    word_.store(reinterpret_cast<std::uintptr_t>(waiter) + beside, MemoryOrder::relaxed);
    return true;
  }

  // Holder of the handle. False: the task is done, its result can be read, nobody will be woken.
  // True: `waiter` is registered and will be handed out by finish unless stop_waiting succeeds.
  // `waiter` is aligned to 8 at least, so that it is none of the three states and no `beside`.
  [[nodiscard]] bool wait(void* waiter) noexcept {
    const auto value = reinterpret_cast<std::uintptr_t>(waiter);
    assert(value > detached && value % 8 == 0);
    std::uintptr_t seen = running;
    // Release hands the suspended waiter to finish; acquire on failure pairs with finish, so that
    // the result is there.
    if (word_.compare_exchange_strong(seen, value, MemoryOrder::release,
                                      MemoryOrder::acquire)) {
      return true;
    }
    return false;  // Were another waiter registered, is_done would deny it: the caller checks.
  }

  // Holder of the handle, with the waiter it registered. True: the waiter is out, resuming it is
  // the caller's. False: the task is done and finish wakes the waiter (rule 3).
  [[nodiscard]] bool stop_waiting(void* waiter) noexcept {
    std::uintptr_t seen = word_.load(MemoryOrder::relaxed);
    if (waiter_of(seen) != waiter) seen = reinterpret_cast<std::uintptr_t>(waiter);
    // Nothing is published by leaving; acquire on failure pairs with finish.
    if (word_.compare_exchange_strong(seen, running, MemoryOrder::relaxed,
                                      MemoryOrder::acquire)) {
      return true;
    }
    assert(seen == done);
    return false;
  }

  // Holder of the handle, once, as it is dropped. True: the task is done and the caller frees it.
  // False: it runs on alone and frees itself; the caller must not touch it any more.
  [[nodiscard]] bool detach() noexcept {
    // Release: our last use of the task comes before its free by finish. Acquire: all the task
    // did comes before ours.
    const std::uintptr_t before = word_.exchange(detached, MemoryOrder::acq_rel);
    assert(before == running || before == done);
    return before == done;
  }

  // Holder of the handle. True: a waiter is registered, so the handle may not be dropped (rule 4).
  [[nodiscard]] bool has_waiter() const noexcept {
    return word_.load(MemoryOrder::relaxed) > detached;  // The holder's own, or already taken out.
  }

  // Holder of the handle. True: wait would answer false.
  [[nodiscard]] bool is_done() const noexcept {
    return word_.load(MemoryOrder::acquire) == done;  // Pairs with finish.
  }

 private:
  static constexpr std::uintptr_t running = 0;
  static constexpr std::uintptr_t done = 1;
  static constexpr std::uintptr_t detached = 2;  // Any other value is the waiter,
  static constexpr std::uintptr_t beside = 4;    // and whether rule 5 applies to it.

  static bool is_beside(std::uintptr_t word) noexcept { return (word & beside) != 0; }
  static void* waiter_of(std::uintptr_t word) noexcept {
    return reinterpret_cast<void*>(word & ~beside);
  }

  // The ending task writes done; the holder of the handle writes waiter, running and detached.
  Atomic<std::uintptr_t> word_{running};
};

}  // namespace rota::inline v0
