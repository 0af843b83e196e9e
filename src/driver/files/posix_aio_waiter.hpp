#pragma once

#include <rota/core/mpsc_stack.hpp>

#include "base/time_units.hpp"
#include "driver/files/file_engine.hpp"
#include "driver/files/posix_aio_doorbell.hpp"
#include "driver/files/posix_aio_request.hpp"

#include <array>
#include <condition_variable>
#include <cstddef>
#include <ctime>
#include <mutex>
#include <thread>

namespace rota::inline v0 {

/// The thread of an engine that waits in aio_suspend(3) for its requests to end.
///
/// Protocol
///   1. A request belongs to the carrier, which asks the library for it and then gives it to
///      `watch`; from there to the waiter, until it has ended and stands in `ended_`; and from
///      there to the carrier again. Meanwhile the carrier does nothing to it but aio_cancel(3).
///   2. Under the mutex: what is fresh and not yet watched, where the waiter sleeps, what is
///      listed for that, the doorbell, whether some were cancelled, and whether the waiter shall
///      end. The carrier rouses it where it sleeps, so that what is fresh is never missed: the
///      doorbell is armed before the mutex is let go.
///   3. The library runs one request of a descriptor at a time: the more urgent first, else in
///      their order, but none before one that runs. So the waiter waits for one of each
///      descriptor: the first where there are few, and else the one that has an eighth of them
///      before it. Those end before it in general, and are told of together. (With 64 requests
///      and a wake for each end, every step of which takes the library's lock, direct reads were
///      a fifth slower.)
///   4. Where something else than the first to run may end first, nobody waits longer than a
///      while (`kLongest`) before looking at all of them: a slow one hides no other.
///   5. What is fresh ends after what is listed, and rouses nobody, unless it is more urgent or
///      of another descriptor. What was cancelled ends at once: `look`.
///   6. What is watched is the waiter's alone. The carrier looks at what is listed: where one of
///      these has ended, and is in use again, the waiter is awake and takes what is fresh anyway.
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
  /// By the carrier, when it has cancelled some.
  void look() noexcept;
  /// By the carrier: those that ended, linked by `next`.
  [[nodiscard]] PosixAioRequest* take_ended() noexcept { return ended_.take_all(); }

 private:
  /// Where the waiter sleeps, or is about to.
  enum class Asleep : unsigned char { no, without_work, in_suspend };

  void run() noexcept;
  [[nodiscard]] bool take_fresh() noexcept;
  void put_in_order(PosixAioRequest& request) noexcept;
  void choose_listed() noexcept;
  [[nodiscard]] bool ends_before(const PosixAioRequest& newest,
                                 const PosixAioRequest* after_oldest) const noexcept;
  void suspend() noexcept;
  void hand_back() noexcept;

  /// The part of a descriptor's requests that is told of together.
  static constexpr std::size_t kShare = 8;
  static constexpr timespec kLongest{0, kNsPerMs};

  const EngineNotify notify_;
  std::mutex mutex_;
  std::condition_variable news_;
  PosixAioDoorbell doorbell_;
  PosixAioRequest* fresh_ = nullptr;
  Asleep asleep_ = Asleep::no;
  /// For aio_suspend: one of each descriptor, and the doorbell. The waiter changes it.
  std::array<const aiocb*, PosixAioRequest::kMost + 1> list_{};
  std::size_t listed_ = 0;
  bool cancelled_ = false;  ///< some were, since it took what is fresh
  bool stopping_ = false;
  MpscStack<PosixAioRequest> ended_;
  /// Descriptor by descriptor, as they run.
  std::array<PosixAioRequest*, PosixAioRequest::kMost> watched_{};
  std::size_t count_ = 0;
  bool looks_soon_ = false;  ///< at what is not listed: it waits for no longer than kLongest
  Atomic<bool> started_{false};
  std::thread thread_;
};

}  // namespace rota::inline v0
