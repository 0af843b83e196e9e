#pragma once

#include <rota/core/mpsc_stack.hpp>

#include "driver/files/file_engine.hpp"
#include "driver/files/posix_aio_doorbell.hpp"
#include "driver/files/posix_aio_request.hpp"

#include <array>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>

namespace rota::inline v0 {

/// The thread of an engine that waits in aio_suspend(3) for whatever of its requests ends first.
///
/// Protocol
///   1. A request belongs to the carrier, which asks the library for it and then gives it to
///      `watch`; from there to the waiter, until it has ended and stands in `ended_`; and from
///      there to the carrier again. Meanwhile the carrier does nothing to it but aio_cancel(3).
///   2. Under the mutex: what is fresh and not yet watched, where the waiter sleeps, the doorbell,
///      and whether it shall end. The carrier rouses the waiter where it sleeps, so that what is
///      fresh is never missed: the doorbell is armed before the mutex is let go.
///   3. `watched_` and `list_` are the waiter's alone.
class PosixAioWaiter {
 public:
  explicit PosixAioWaiter(EngineNotify notify) noexcept : notify_(notify) {}
  PosixAioWaiter(const PosixAioWaiter&) = delete;
  PosixAioWaiter& operator=(const PosixAioWaiter&) = delete;
  /// It has nothing to wait for.
  ~PosixAioWaiter();

  /// By the carrier, before anything is watched: 0, or the errno that left no thread.
  [[nodiscard]] int start();
  /// Any thread.
  [[nodiscard]] bool has_started() const noexcept { return started_.load(MemoryOrder::relaxed); }
  /// By the carrier: those that the library has taken, linked by `next`.
  void watch(PosixAioRequest& newest, PosixAioRequest& oldest) noexcept;
  /// By the carrier: those that ended, linked by `next`.
  [[nodiscard]] PosixAioRequest* take_ended() noexcept { return ended_.take_all(); }

 private:
  /// Where the waiter sleeps, or is about to.
  enum class Asleep : unsigned char { no, without_work, in_suspend };

  void run() noexcept;
  [[nodiscard]] bool take_fresh() noexcept;
  void suspend() noexcept;
  void hand_back() noexcept;

  const EngineNotify notify_;
  std::mutex mutex_;
  std::condition_variable news_;
  PosixAioDoorbell doorbell_;
  PosixAioRequest* fresh_ = nullptr;
  Asleep asleep_ = Asleep::no;
  bool stopping_ = false;
  MpscStack<PosixAioRequest> ended_;
  std::array<PosixAioRequest*, PosixAioRequest::kMost> watched_{};
  std::array<const aiocb*, PosixAioRequest::kMost + 1> list_{};  ///< the last is the doorbell
  std::size_t count_ = 0;
  bool reachable_ = false;  ///< the doorbell is armed
  Atomic<bool> started_{false};
  std::thread thread_;
};

}  // namespace rota::inline v0
