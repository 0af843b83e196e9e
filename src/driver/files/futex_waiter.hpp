#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/mpsc_stack.hpp>
#include <rota/core/operation.hpp>

#include "driver/files/file_engine.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace rota::inline v0 {

/// Waits for words of memory where no ring does, by futex_waitv(2): on threads of its own, each of
/// which has as many waits as one call takes. To give each wait a thread of the pool was rejected:
/// a few that last would leave none for files.
///
/// 1. The carrier adds and cancels. A wait comes back by `completed`, with its result, and is its
///    thread's until then.
/// 2. Between two calls nothing stands in the kernel, and a call tells of one word that was woken,
///    whatever others were. Each call compares all words anew. So nothing is missed by whoever
///    changes a word before waking it, as futex(2) wants it; a wake without a change may be.
/// 3. A wake that has reached the thread wins over a cancel: whoever sent it counts it as
///    delivered.
class FutexWaiter {
 public:
  /// Some 8,000 waits; what comes beyond that fails as where no thread can be had.
  static constexpr std::size_t kMostThreads = 64;

  FutexWaiter(MpscStack<Operation>& completed, EngineNotify notify) noexcept;
  /// Nothing waits.
  ~FutexWaiter();
  FutexWaiter(const FutexWaiter&) = delete;
  FutexWaiter& operator=(const FutexWaiter&) = delete;

  void add(FutexWait& wait);
  void cancel(FutexWait& wait) noexcept;
  /// Any thread.
  [[nodiscard]] std::size_t threads() const noexcept {
    return shown_threads_.load(MemoryOrder::relaxed);
  }

 private:
  class Thread;

  [[nodiscard]] bool place(FutexWait& wait);

  MpscStack<Operation>& completed_;
  const EngineNotify notify_;
  std::vector<std::unique_ptr<Thread>> threads_;
  Atomic<std::size_t> shown_threads_{0};
};

}  // namespace rota::inline v0
