#pragma once

#include <rota/core/cancel_loss.hpp>
#include <rota/core/errand.hpp>
#include <rota/core/instant.hpp>
#include <rota/core/leaf.hpp>

#include <cerrno>
#include <cstdint>

namespace rota::inline v0 {

/// What is done on a thread that may block, for a task that waits: the untyped part of `blocking`.
class BlockingWait : public Leaf {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  bool start(Runnable& self) noexcept;
  void refuse() noexcept { error_ = ECANCELED; }

  // In the queue of BlockingThreads, under its mutex.
  BlockingWait* next = nullptr;
  BlockingWait* prev = nullptr;

 protected:
  explicit BlockingWait(void (*work)(BlockingWait&) noexcept) noexcept : work_(work) {}
  /// Why nothing was done, or 0.
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  friend class BlockingThreads;

  /// Where there are no threads.
  struct Beside : Errand {
    BlockingWait* wait = nullptr;
  };
  static void stop(Leaf& leaf) noexcept;
  static void do_beside(Errand& self, Worker& here) noexcept;

  void (*const work_)(BlockingWait&) noexcept;
  Instant queued_;          // when; by who queued it
  bool is_queued_ = false;  // under the mutex
  int error_ = 0;
  Beside beside_;
};

}  // namespace rota::inline v0
