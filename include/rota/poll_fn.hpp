#pragma once

#include <rota/await.hpp>
#include <rota/core/atomic.hpp>
#include <rota/notify.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>
#include <rota/time.hpp>

#include <concepts>
#include <cstdint>
#include <expected>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// What a PollWaker wakes: a Notify that as many share as there are wakers.
///
/// `wakers_` is written by whoever copies a waker (relaxed: it has one) and by whoever drops one:
/// release, so that all it did to the Notify comes before the free; acquire: the last one frees.
class PollSignal {
 public:
  [[nodiscard]] Notify& woken() noexcept { return woken_; }
  void add() noexcept { wakers_.fetch_add(1, MemoryOrder::relaxed); }
  /// True: that was the last, and the caller frees the signal.
  [[nodiscard]] bool drop() noexcept { return wakers_.fetch_sub(1, MemoryOrder::acq_rel) == 1; }

 private:
  Atomic<std::uint32_t> wakers_{1};
  Notify woken_;
};

/// Has a poll function called again. Copied and kept by whatever the function waits for; any number
/// of copies may wake any number of times. A wake during a call leads to another call; several
/// before one call are one; one after the poll has ended does nothing. Dropping it promises
/// nothing: a poll that nobody wakes waits until its task is stopped.
///
/// @threads any; one task waits by `woken`
/// @loses nothing: the wake is kept for the next wait
/// @owns what all copies share is freed by the last of them
/// @errors none
class PollWaker {
 public:
  /// Throws std::bad_alloc.
  PollWaker() : signal_(new PollSignal) {}
  PollWaker(const PollWaker& other) noexcept : signal_(other.signal_) {
    if (signal_ != nullptr) signal_->add();
  }
  PollWaker(PollWaker&& other) noexcept : signal_(std::exchange(other.signal_, nullptr)) {}
  PollWaker& operator=(PollWaker other) noexcept {
    std::swap(signal_, other.signal_);
    return *this;
  }
  ~PollWaker() {
    if (signal_ != nullptr && signal_->drop()) delete signal_;
  }

  void wake() const noexcept {
    if (signal_ != nullptr) signal_->woken().notify_one();
  }
  /// For whoever calls the function: waits for a wake.
  [[nodiscard]] Await<NotifyWait> woken() noexcept { return signal_->woken().wait(); }

 private:
  PollSignal* signal_;
};

/// A function that is asked until it has an answer: `std::optional<T> poll(const PollWaker&)`.
template <class F>
concept PollFunction = requires(F& poll, const PollWaker& waker) {
  typename std::invoke_result_t<F&, const PollWaker&>::value_type;
  { poll(waker).has_value() } -> std::convertible_to<bool>;
};
/// What `poll_fn` yields: the answer, as a Result.
template <PollFunction F>
using PollResult =
    typename TimedResult<typename std::invoke_result_t<F&, const PollWaker&>::value_type>::type;

/// Waits for what has no awaitable of its own. `poll` is called in the task; while it answers
/// nothing the task parks, and it is called again after a wake of the waker that it was given or of
/// a copy. Whoever learns of the event wakes after it has changed what `poll` looks at, so no event
/// is missed. Yields what `poll` did, as a Result. Memory: one frame, and an allocation that lives
/// as long as the last waker.
///
/// @threads one task; its wakers: any
/// @loses nothing: `poll` is called no more, and destroyed
/// @owns `poll` is in the frame that waits; wakers may outlive it, and do nothing then
/// @errors what `poll` yields or throws
///
///     auto line = co_await rota::poll_fn(read_line);
template <PollFunction F>
Task<PollResult<F>> poll_fn(F poll) {
  PollWaker waker;
  for (;;) {
    auto answer = poll(std::as_const(waker));
    if (answer.has_value()) co_return std::move(*answer);
    Result<void> woken = co_await waker.woken();
    if (!woken) co_return std::unexpected(woken.error());
  }
}

}  // namespace rota::inline v0
