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

/// The thread of an engine that waits in aio_suspend(3) for its requests to end.
///
/// Protocol
///   1. A request belongs to the carrier, which asks the library for it and then gives it to
///      `watch`; from there to the waiter, until it has ended and stands in `ended_`; and from
///      there to the carrier again. Meanwhile the carrier does nothing to it but aio_cancel(3).
///   2. Under the mutex: what is fresh and not yet watched, where the waiter sleeps and for what,
///      the doorbell, and whether it shall end. The carrier rouses the waiter where it sleeps, so
///      that what is fresh is never missed: the doorbell is armed before the mutex is let go.
///   3. The library runs one request of a file at a time, the more urgent first, else in their
///      order. So the waiter waits for one of each file: the first where there are few, and else
///      the one behind an eighth of them. Those end before it, and are told of together. (With a
///      wake for each, whose every step takes the library's lock, direct reads were a fifth
///      slower.)
///   4. What is fresh ends after that one, and rouses nobody, unless it is more urgent or of
///      another file. What was cancelled ends at once: `look`.
///   5. `watched_` and `list_` are the waiter's alone.
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

  /// How it waits for what it watches.
  enum class Wait : unsigned char { until_roused, shortly, not_at_all };

  /// What it waits for of a file in aio_suspend.
  struct Awaited {
    int fd;
    int lag;  ///< aio_reqprio
  };

  void run() noexcept;
  [[nodiscard]] bool take_fresh() noexcept;
  void put_in_order(PosixAioRequest& request) noexcept;
  void choose_awaited() noexcept;
  [[nodiscard]] bool comes_by_itself_to(const PosixAioRequest& newest,
                                        const PosixAioRequest* behind) const noexcept;
  void suspend() noexcept;
  void hand_back() noexcept;

  /// Of so many that wait for a file the first is told of when the next has ended.
  static constexpr std::size_t kFew = 8;

  const EngineNotify notify_;
  std::mutex mutex_;
  std::condition_variable news_;
  PosixAioDoorbell doorbell_;
  PosixAioRequest* fresh_ = nullptr;
  Asleep asleep_ = Asleep::no;
  std::array<Awaited, PosixAioRequest::kMost> awaited_{};
  std::size_t awaited_count_ = 0;
  bool cancelled_ = false;  ///< some were, since it took what is fresh
  bool stopping_ = false;
  MpscStack<PosixAioRequest> ended_;
  std::array<PosixAioRequest*, PosixAioRequest::kMost> watched_{};  ///< file by file, as they run
  std::size_t count_ = 0;
  std::array<const aiocb*, PosixAioRequest::kMost + 1> list_{};  ///< for aio_suspend
  Wait wait_ = Wait::not_at_all;
  Atomic<bool> started_{false};
  std::thread thread_;
};

}  // namespace rota::inline v0
