#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/owned.hpp>
#include <rota/core/wait_line.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// A task that waits at one end of a channel; it fails when it is woken because of a close.
struct ChannelWait : LineWait {
  using LineWait::LineWait;

  void* slot = nullptr;  ///< a sender's value, or where a receiver's goes

  /// How a `send` ended.
  [[nodiscard]] Result<void> sent() const noexcept {
    if (stopped()) return failure(ECANCELED);
    if (failed()) return failure(EPIPE);
    return {};
  }
};

/// The untyped part of a channel: who waits, under which lock.
struct ChannelCore : WaitRoom {
  /// Closes; the waits of both lines, to be woken by the caller.
  [[nodiscard]] WaitLine close() noexcept;
  [[nodiscard]] static ChannelWait* take_first(WaitLine& line) noexcept {
    return static_cast<ChannelWait*>(LineWait::take_first(line));
  }

  bool closed = false;
  WaitLine senders;
  WaitLine receivers;
};

/// A bounded FIFO between tasks. `send` waits while it is full, `receive` while it is empty.
///
/// Any number of senders and receivers, served in the order in which they began to wait. A value is
/// handed to a waiting receiver directly. Memory: `capacity` values, from the start.
///
/// @threads any, at both ends
/// @loses `receive`: nothing; `send`: its value, which did not enter
/// @owns a value is its sender's until it is in the channel, then its receiver's
/// @errors `broken_pipe` after `close`: for senders at once, for receivers when it is empty
///
/// A value is moved, and what is left of it destroyed, under the channel's lock: these two of T
/// throw nothing, take a few instructions and leave this channel alone. What is more than that
/// travels in a std::unique_ptr.
template <class T>
class Channel {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "a channel moves its values under a lock: moving and destroying them must not "
                "throw; send a std::unique_ptr to them");

 public:
  class SendLeaf;
  class ReceiveLeaf;

  /// `capacity` is at least 1.
  explicit Channel(std::size_t capacity) : capacity_(capacity), storage_(capacity) {
    check_usage(capacity > 0, "a Channel holds one value at least");
  }

  [[nodiscard]] Await<SendLeaf> send(T value) noexcept {
    return Await<SendLeaf>(std::in_place, *this, std::move(value));
  }
  [[nodiscard]] Await<ReceiveLeaf> receive() noexcept {
    return Await<ReceiveLeaf>(std::in_place, *this);
  }
  /// False: full or closed; the value stays with the caller.
  [[nodiscard]] bool try_send(T& value) noexcept;
  /// Empty: nothing there now.
  [[nodiscard]] std::optional<T> try_receive() noexcept;
  void close() noexcept { LineWait::wake_all(core_.close()); }

 private:
  enum class Step : bool { waits, done };

  // Each under the lock; `wake` is to be made ready after it.
  Step put(T& value, ChannelWait*& wake) noexcept;
  Step get(std::optional<T>& into, ChannelWait*& wake) noexcept;

  ChannelCore core_;
  const std::size_t capacity_;
  OwnedArray<std::optional<T>> storage_;
  std::size_t head_ = 0;
  std::size_t count_ = 0;
};

template <class T>
class Channel<T>::SendLeaf : public ChannelWait {
 public:
  static constexpr bool any_thread = true;
  static constexpr CancelLoss loses = CancelLoss::work;

  SendLeaf(Channel& channel, T value) noexcept
      : ChannelWait(channel.core_), channel_(channel), value_(std::move(value)) {}

  bool start(Runnable& self) noexcept {
    ChannelWait* wake = nullptr;
    {
      SpinGuard guard(channel_.core_.line_lock);
      if (channel_.core_.closed) {
        fail();
        return false;
      }
      if (channel_.put(value_, wake) == Step::waits) {
        slot = &value_;
        park_in(channel_.core_.senders, self, [](Leaf& leaf) noexcept {
          auto& sender = static_cast<SendLeaf&>(leaf);
          sender.stop_in(sender.channel_.core_.senders);
        });
        return true;
      }
    }
    LineWait::wake(wake);
    return false;
  }
  Result<void> finish() const noexcept { return sent(); }

 private:
  Channel& channel_;
  T value_;
};

template <class T>
class Channel<T>::ReceiveLeaf : public ChannelWait {
 public:
  static constexpr bool any_thread = true;
  static constexpr CancelLoss loses = CancelLoss::nothing;

  explicit ReceiveLeaf(Channel& channel) noexcept : ChannelWait(channel.core_), channel_(channel) {}

  bool start(Runnable& self) noexcept {
    ChannelWait* wake = nullptr;
    {
      SpinGuard guard(channel_.core_.line_lock);
      if (channel_.get(value_, wake) == Step::waits) {
        if (channel_.core_.closed) return false;
        slot = &value_;
        park_in(channel_.core_.receivers, self, [](Leaf& leaf) noexcept {
          auto& receiver = static_cast<ReceiveLeaf&>(leaf);
          receiver.stop_in(receiver.channel_.core_.receivers);
        });
        return true;
      }
    }
    LineWait::wake(wake);
    return false;
  }
  Result<T> finish() noexcept {
    if (value_.has_value()) return std::move(*value_);
    return failure(stopped() ? ECANCELED : EPIPE);
  }

 private:
  Channel& channel_;
  std::optional<T> value_;
};

template <class T>
auto Channel<T>::put(T& value, ChannelWait*& wake) noexcept -> Step {
  if (ChannelWait* receiver = ChannelCore::take_first(core_.receivers)) {
    static_cast<std::optional<T>*>(receiver->slot)->emplace(std::move(value));
    wake = receiver;
    return Step::done;
  }
  if (count_ == capacity_) return Step::waits;
  storage_[(head_ + count_) % capacity_].emplace(std::move(value));
  count_ += 1;
  return Step::done;
}

template <class T>
auto Channel<T>::get(std::optional<T>& into, ChannelWait*& wake) noexcept -> Step {
  if (count_ == 0) return Step::waits;
  into.emplace(std::move(*storage_[head_]));
  storage_[head_].reset();
  head_ = head_ + 1 == capacity_ ? 0 : head_ + 1;
  count_ -= 1;
  if (ChannelWait* sender = ChannelCore::take_first(core_.senders)) {
    storage_[(head_ + count_) % capacity_].emplace(std::move(*static_cast<T*>(sender->slot)));
    count_ += 1;
    wake = sender;
  }
  return Step::done;
}

template <class T>
bool Channel<T>::try_send(T& value) noexcept {
  ChannelWait* wake = nullptr;
  {
    SpinGuard guard(core_.line_lock);
    if (core_.closed || put(value, wake) == Step::waits) return false;
  }
  LineWait::wake(wake);
  return true;
}

template <class T>
std::optional<T> Channel<T>::try_receive() noexcept {
  std::optional<T> value;
  ChannelWait* wake = nullptr;
  {
    SpinGuard guard(core_.line_lock);
    if (get(value, wake) == Step::waits) return std::nullopt;
  }
  LineWait::wake(wake);
  return value;
}

}  // namespace rota::inline v0
