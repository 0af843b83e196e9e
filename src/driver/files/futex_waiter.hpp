#pragma once

#include <rota/core/mpsc_stack.hpp>
#include <rota/core/operation.hpp>

#include "driver/files/file_engine.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace rota::inline v0 {

/// Waits for words of memory where no ring does, by futex_waitv(2): on threads of its own, each of
/// which waits for as many words as one call takes.
///
/// 1. The carrier adds and cancels. A wait comes back by `completed`, with its result, and is its
///    thread's until then.
/// 2. The call tells of one word that was woken, and of all that stand before it not whether they
///    were: these come back too, since no wake may be lost and one for nothing is allowed.
/// 3. A wake that has reached the thread wins over a cancel: whoever sent it counts it as
///    delivered.
class FutexWaiter {
 public:
  FutexWaiter(MpscStack<Operation>& completed, EngineNotify notify) noexcept;
  /// Nothing waits.
  ~FutexWaiter();
  FutexWaiter(const FutexWaiter&) = delete;
  FutexWaiter& operator=(const FutexWaiter&) = delete;

  void add(FutexWait& wait);
  void cancel(FutexWait& wait) noexcept;
  [[nodiscard]] std::size_t threads() const noexcept { return threads_.size(); }

 private:
  class Thread;

  MpscStack<Operation>& completed_;
  const EngineNotify notify_;
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace rota::inline v0
