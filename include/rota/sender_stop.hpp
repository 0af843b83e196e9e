#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/list.hpp>
#include <rota/core/seat.hpp>
#include <rota/core/spin_lock.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

class SenderStopSource;

/// What a SenderStopSource calls when it is stopped: a callback without its type.
struct StopCall {
  explicit StopCall(void (*function)(StopCall&) noexcept) noexcept : call(function) {}
  StopCall(const StopCall&) = delete;
  StopCall& operator=(const StopCall&) = delete;

  StopCall* next = nullptr;
  StopCall* prev = nullptr;
  void (*const call)(StopCall&) noexcept;
  bool is_listed = false;
};

/// A stop as senders and receivers know it, which calls functions: what `std::inplace_stop_source`
/// is in C++26. Nothing is allocated. Each wait for a sender has one (`from_sender`).
///
/// @threads any
/// @loses nothing: it is not awaited
/// @owns it outlives its tokens and their callbacks
/// @errors none
///
/// Rules
///   1. A callback is in the list from its construction until the stop takes it out, or it goes.
///      Both happen under the lock; it is called without it.
///   2. While a callback is called `running_` is that one. Whoever destroys it meanwhile waits
///      until it is not, so that what the callback refers to may go as well. The thread that calls
///      it cannot wait for itself: it makes `running_` null, and nobody touches the callback again.
///   3. A callback that is made after the stop is called by whoever makes it.
class SenderStopSource {
 public:
  SenderStopSource() = default;
  SenderStopSource(const SenderStopSource&) = delete;
  SenderStopSource& operator=(const SenderStopSource&) = delete;

  /// Calls every callback, on this thread, in the order in which they were made. Later calls do
  /// nothing, also while the first one is under way.
  void request_stop() noexcept;
  [[nodiscard]] bool stop_requested() const noexcept {
    return requested_.load(MemoryOrder::acquire);
  }

  /// False: the stop was before, and the caller calls it.
  [[nodiscard]] bool add(StopCall& call) noexcept;
  void remove(StopCall& call) noexcept;

 private:
  [[nodiscard]] bool is_gone(StopCall& call) noexcept;

  SpinLock lock_;
  Atomic<bool> requested_{false};  // written under lock_; read without it by stop_requested
  LinkedList<StopCall> calls_;     // under lock_, like what follows
  StopCall* running_ = nullptr;
  const Seat* caller_ = nullptr;  // of the thread that stops
};

template <class F>
class SenderStopCallback;

/// Asks whether its source was stopped, and has a function called when it is: the shape of a
/// standard stop token. A value. One that was made without a source is never stopped.
///
/// @as SenderStopSource
class SenderStopToken {
 public:
  template <class F>
  using callback_type = SenderStopCallback<F>;

  SenderStopToken() = default;
  explicit SenderStopToken(SenderStopSource& source) noexcept : source_(&source) {}

  [[nodiscard]] bool stop_requested() const noexcept {
    return source_ != nullptr && source_->stop_requested();
  }
  [[nodiscard]] bool stop_possible() const noexcept { return source_ != nullptr; }
  bool operator==(const SenderStopToken&) const = default;

  [[nodiscard]] SenderStopSource* source() const noexcept { return source_; }

 private:
  SenderStopSource* source_ = nullptr;
};

/// Calls a function once when its token's source is stopped, for as long as it lives: on the thread
/// that stops, or in the constructor when that was before. The destructor waits for a call on
/// another thread to end. The function must not throw, nor wait for what needs this thread: it may
/// be a worker's.
///
/// @as SenderStopSource
template <class F>
class SenderStopCallback : private StopCall {
 public:
  using callback_type = F;

  template <class Function>
    requires std::constructible_from<F, Function>
  SenderStopCallback(SenderStopToken token,
                     Function&& function) noexcept(std::is_nothrow_constructible_v<F, Function>)
      : StopCall(run), function_(std::forward<Function>(function)), source_(token.source()) {
    if (source_ != nullptr && !source_->add(*this)) run(*this);
  }
  ~SenderStopCallback() {
    if (source_ != nullptr) source_->remove(*this);
  }
  SenderStopCallback(const SenderStopCallback&) = delete;
  SenderStopCallback& operator=(const SenderStopCallback&) = delete;

 private:
  static void run(StopCall& call) noexcept {
    std::forward<F>(static_cast<SenderStopCallback&>(call).function_)();
  }

  F function_;
  SenderStopSource* source_;
};
/// Keeps the function by value.
template <class F>
SenderStopCallback(SenderStopToken, F) -> SenderStopCallback<F>;

}  // namespace rota::inline v0
