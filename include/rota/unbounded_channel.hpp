#pragma once

#include <rota/await.hpp>
#include <rota/channel.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/owned.hpp>
#include <rota/core/segment_queue.hpp>
#include <rota/core/wait_line.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// A FIFO between tasks that never makes its senders wait. Whoever sends faster than others receive
/// fills the memory with it: use a Channel where that can happen.
///
/// Any number of senders and receivers, the receivers served in the order in which they began to
/// wait. Memory: pages of values, allocated and freed one by one outside the lock, so a burst is
/// given back as it is received; an empty channel keeps one. A value is moved under the channel's
/// lock, as in a Channel.
///
/// @as Channel
/// @threads any, at both ends; `send` never waits
/// @loses nothing
template <class T>
class UnboundedChannel {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "a channel moves its values under a lock: moving and destroying them must not "
                "throw; send a std::unique_ptr to them");

  using Queue = SegmentQueue<T>;
  using Segment = typename Queue::Segment;

 public:
  class ReceiveLeaf;

  UnboundedChannel() = default;
  ~UnboundedChannel() {
    check_usage(core_.receivers.empty(),
                "an UnboundedChannel was destroyed while tasks wait for it");
  }

  /// Never waits, but allocates: throws std::bad_alloc, and then `value` is gone and not sent.
  Result<void> send(T value) {
    if (!try_send(value)) return failure(EPIPE);
    return {};
  }
  /// False: closed; the value stays with the caller, also when std::bad_alloc is thrown.
  [[nodiscard]] bool try_send(T& value);

  [[nodiscard]] Await<ReceiveLeaf> receive() noexcept {
    return Await<ReceiveLeaf>(std::in_place, *this);
  }
  /// Empty: nothing there now.
  [[nodiscard]] std::optional<T> try_receive() noexcept;
  void close() noexcept { LineWait::wake_all(core_.close()); }
  /// How many values wait to be received.
  [[nodiscard]] std::size_t size() noexcept {
    SpinGuard guard(core_.line_lock);
    return count_;
  }

 private:
  enum class Put : unsigned char { done, closed, wants_segment };

  // Each under the lock.
  Put put(T& value, Owned<Segment>& fresh, ChannelWait*& wake) noexcept;
  [[nodiscard]] bool get(std::optional<T>& into, Owned<Segment>& spent) noexcept;

  ChannelCore core_;  // of which the line of senders stays empty
  Queue values_;
  std::size_t count_ = 0;
};

template <class T>
class UnboundedChannel<T>::ReceiveLeaf : public ChannelWait {
 public:
  static constexpr bool any_thread = true;
  static constexpr CancelLoss loses = CancelLoss::nothing;

  explicit ReceiveLeaf(UnboundedChannel& channel) noexcept
      : ChannelWait(channel.core_), channel_(channel) {}

  bool start(Runnable& self) noexcept {
    Owned<Segment> spent;  // Freed after the lock.
    SpinGuard guard(channel_.core_.line_lock);
    if (channel_.get(value_, spent) || channel_.core_.closed) return false;
    slot = &value_;
    park_in(channel_.core_.receivers, self, [](Leaf& leaf) noexcept {
      auto& receiver = static_cast<ReceiveLeaf&>(leaf);
      receiver.stop_in(receiver.channel_.core_.receivers);
    });
    return true;
  }
  Result<T> finish() noexcept {
    if (value_.has_value()) return std::move(*value_);
    return failure(stopped() ? ECANCELED : EPIPE);
  }

 private:
  UnboundedChannel& channel_;
  std::optional<T> value_;
};

template <class T>
auto UnboundedChannel<T>::put(T& value, Owned<Segment>& fresh, ChannelWait*& wake) noexcept -> Put {
  if (core_.closed) return Put::closed;
  if (ChannelWait* receiver = ChannelCore::take_first(core_.receivers)) {
    static_cast<std::optional<T>*>(receiver->slot)->emplace(std::move(value));
    wake = receiver;
    return Put::done;
  }
  if (values_.wants_segment()) {
    if (!fresh) return Put::wants_segment;
    values_.add_segment(*fresh.release());
  }
  values_.push_back(value);
  count_ += 1;
  return Put::done;
}

template <class T>
bool UnboundedChannel<T>::get(std::optional<T>& into, Owned<Segment>& spent) noexcept {
  if (values_.empty()) return false;
  T& oldest = values_.take_front();
  into.emplace(std::move(oldest));
  oldest.~T();
  spent = Owned<Segment>(values_.drop_front());
  count_ -= 1;
  return true;
}

template <class T>
bool UnboundedChannel<T>::try_send(T& value) {
  Owned<Segment> fresh;
  for (;;) {
    ChannelWait* wake = nullptr;
    Put result = Put::done;
    {
      SpinGuard guard(core_.line_lock);
      result = put(value, fresh, wake);
    }
    LineWait::wake(wake);
    if (result != Put::wants_segment) return result == Put::done;
    // Another sender may have brought one meanwhile; then this one is freed again.
    fresh = Owned<Segment>(new Segment);
  }
}

template <class T>
std::optional<T> UnboundedChannel<T>::try_receive() noexcept {
  std::optional<T> value;
  Owned<Segment> spent;
  SpinGuard guard(core_.line_lock);
  static_cast<void>(get(value, spent));
  return value;
}

}  // namespace rota::inline v0
