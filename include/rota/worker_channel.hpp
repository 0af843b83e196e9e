#pragma once

#include <rota/await.hpp>
#include <rota/channel.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/errand.hpp>
#include <rota/core/list.hpp>
#include <rota/core/owned.hpp>
#include <rota/core/spin_lock.hpp>
#include <rota/core/wait_line.hpp>
#include <rota/core/worker_calls.hpp>
#include <rota/result.hpp>
#include <rota/workers.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

struct SendLane;
class WorkerChannelCore;

/// Carries one value through a channel; a place in it.
struct ChannelNode {
  ChannelNode* next = nullptr;
  SendLane* lane = nullptr;
};
/// Values on their way, in order.
using ChannelNodes = FifoList<ChannelNode>;

/// What one sending worker has of a WorkerChannel.
struct SendLane : Errand {
  explicit SendLane(WorkerChannelCore& of) noexcept;

  SpinLock lock;
  WorkerChannelCore* core;  ///< null: the channel is gone
  ChannelNodes room;
  ChannelNodes batch;
  std::size_t batched = 0;
  std::uint64_t batches = 0;
  bool with_worker = false;  ///< the errand
  bool closed = false;

  /// The receiver's, which a sender takes from when it has no room; and who waits for some.
  alignas(128) WaitRoom spent_room;
  ChannelNodes spent;
  WaitLine waiting;
};

/// The untyped part of a WorkerChannel.
///
/// Rules
///   1. Each sending worker has a lane with so many nodes. A node is in one of these, in turn: the
///      lane's `room`, its `batch`, the channel's mail, what the receiver has taken, the lane's
///      `spent`. Only the two in the middle are another thread's business.
///   2. A batch is published as a whole, and with it the receiver is woken, once: when it is large
///      enough, when a sender finds no room, and when the pass of its worker ends (an errand).
///   3. A sender without room takes back what the receiver has spent; if that is nothing it
///      waits, its batch published, so that its value comes after that. Whoever waits gets the
///      next node that is spent, in the order in which they began to: the receiver puts the value
///      into it and that into the mail, so nothing sent later overtakes it.
///   4. Locks, each held for a few instructions: the lane's, which nobody but its worker takes
///      before the end; that of what is spent, for the receiver and a sender without room; the
///      mail's, once per batch. They are taken in this order.
///   5. An errand may be with its worker when the channel goes: then the lane is freed by it.
class WorkerChannelCore {
 public:
  /// Values that are published at once.
  static constexpr std::size_t kBatchValues = 64;

  WorkerChannelCore();
  /// Nobody uses it any more, and `close` has been called.
  ~WorkerChannelCore();
  WorkerChannelCore(const WorkerChannelCore&) = delete;
  WorkerChannelCore& operator=(const WorkerChannelCore&) = delete;

  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }
  void add_room(std::size_t lane, ChannelNode& node) noexcept;

  [[nodiscard]] SendLane& lane_of(const Runnable& sender) const noexcept {
    return *lanes_[home_index(sender)];
  }
  // Under the lane's lock; what is in `receiver` then is to be woken after it.
  struct Room {
    ChannelNode* node;  ///< null: the channel is closed (`failed`), or the sender is parked
    bool parked;        ///< and may be gone at any moment
  };
  using OnStop = void (*)(Leaf&) noexcept;
  [[nodiscard]] Room take_room(SendLane& lane, ChannelWait& sender, Runnable& self, OnStop on_stop,
                               ChannelWait*& receiver) noexcept;
  void send(SendLane& lane, ChannelNode& node, const Runnable& sender,
            ChannelWait*& receiver) noexcept;
  [[nodiscard]] ChannelWait* publish(SendLane& lane) noexcept;

  enum class Wait : bool { parked, over };
  [[nodiscard]] Wait wait_for_mail(ChannelWait& receiver, Runnable& self, OnStop on_stop) noexcept;
  void stop_receiving(ChannelWait& receiver) noexcept { receiver.stop_in(receivers_); }
  /// The room that receivers wait in.
  [[nodiscard]] WaitRoom& mail_room() noexcept { return mail_room_; }
  /// The next value that was taken from the mail; null: there is none now.
  [[nodiscard]] ChannelNode* take_value() noexcept;
  /// Its value was moved out. A sender that waits for it, whose value is to be moved in before
  /// `readmit`, which also wakes it.
  [[nodiscard]] ChannelWait* spend(ChannelNode& node) noexcept;
  void readmit(ChannelNode& node, ChannelWait& sender) noexcept;

  void close() noexcept;
  /// Before the last close: nobody may be waiting.
  void check_unused() noexcept;
  [[nodiscard]] std::uint64_t batches() const noexcept;

 private:
  OwnedArray<Owned<SendLane>> lanes_;
  ChannelNodes arrived_;  // the receiver's own

  // Apart by padding and not by alignment: a channel may be a local of a coroutine, whose frame is
  // aligned to 16.
  [[maybe_unused]] std::byte apart_[128]{};
  // Written by every sending worker, once per batch, and by the receiver.
  WaitRoom mail_room_;
  ChannelNodes mail_;
  WaitLine receivers_;  // one at the most
  bool closed_ = false;
};

/// A bounded FIFO from any worker to one task, whose values travel in batches: what the tasks of a
/// worker send in one pass of its loop costs the receiver one wake, and the two threads meet once
/// per batch and not once per value.
///
/// It is made in a task. What one worker sends arrives in the order in which it was sent; where
/// workers steal a task that moves sends from several, among which there is no order. `send` waits
/// while `capacity` values of its worker have not been received. A value that was sent is on its
/// way at the end of the pass at the latest, before the worker sleeps or looks at its driver.
/// Memory: `capacity` values per worker, from the start.
///
/// @as Channel
/// @threads any task of one runtime sends; one at a time receives
/// @owns as Channel; it outlives its users, and what was not received is destroyed with it
template <class T>
class WorkerChannel {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "a channel moves its values where nothing may be thrown: send a std::unique_ptr");

 public:
  class SendLeaf;
  class ReceiveLeaf;

  /// `capacity`, of each sending worker, is at least 1.
  explicit WorkerChannel(std::size_t capacity) : nodes_(core_.lanes()) {
    check_usage(capacity > 0, "a WorkerChannel holds one value of each worker at least");
    for (std::size_t lane = 0; lane < core_.lanes(); ++lane) {
      nodes_[lane] = OwnedArray<Node>(capacity);
      for (Node& node : nodes_[lane]) core_.add_room(lane, node);
    }
  }
  ~WorkerChannel() {
    core_.check_unused();
    core_.close();
    while (ChannelNode* node = core_.take_value()) static_cast<Node*>(node)->take();
  }

  [[nodiscard]] Await<SendLeaf> send(T value) noexcept {
    return Await<SendLeaf>(std::in_place, core_, std::move(value));
  }
  [[nodiscard]] Await<ReceiveLeaf> receive() noexcept {
    return Await<ReceiveLeaf>(std::in_place, core_);
  }
  /// Any thread.
  void close() noexcept { core_.close(); }
  /// In how many batches the values were published. Any thread.
  [[nodiscard]] std::uint64_t batches() const noexcept { return core_.batches(); }

 private:
  struct Node : ChannelNode {
    void put(T&& value) noexcept { ::new (static_cast<void*>(bytes)) T(std::move(value)); }
    T take() noexcept {
      T* held = std::launder(reinterpret_cast<T*>(bytes));
      T taken = std::move(*held);
      held->~T();
      return taken;
    }
    alignas(T) std::byte bytes[sizeof(T)];
  };

  WorkerChannelCore core_;
  OwnedArray<OwnedArray<Node>> nodes_;
};

template <class T>
class WorkerChannel<T>::SendLeaf : public ChannelWait {
 public:
  static constexpr CancelLoss loses = CancelLoss::work;

  SendLeaf(WorkerChannelCore& core, T value) noexcept
      : ChannelWait(core.mail_room()), core_(core), value_(std::move(value)) {}

  bool start(Runnable& self) noexcept {
    slot = &value_;
    SendLane& lane = core_.lane_of(self);
    lane_ = &lane;
    move_to(lane.spent_room);  // Only now is it known whose sender this is.
    ChannelWait* receiver = nullptr;
    const bool parked = start_in(lane, self, receiver);
    LineWait::wake(receiver);  // From here on a parked sender may be gone.
    return parked;
  }
  Result<void> finish() const noexcept { return sent(); }

 private:
  /// True: parked.
  bool start_in(SendLane& lane, Runnable& self, ChannelWait*& receiver) noexcept {
    SpinGuard guard(lane.lock);
    const WorkerChannelCore::Room room = core_.take_room(lane, *this, self, stop, receiver);
    if (room.node == nullptr) return room.parked;
    static_cast<Node*>(room.node)->put(std::move(value_));
    core_.send(lane, *room.node, self, receiver);
    return false;
  }
  static void stop(Leaf& leaf) noexcept {
    auto& sender = static_cast<SendLeaf&>(leaf);
    sender.stop_in(sender.lane_->waiting);
  }

  WorkerChannelCore& core_;
  SendLane* lane_ = nullptr;
  T value_;
};

template <class T>
class WorkerChannel<T>::ReceiveLeaf : public ChannelWait {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  explicit ReceiveLeaf(WorkerChannelCore& core) noexcept
      : ChannelWait(core.mail_room()), core_(core) {}

  bool start(Runnable& self) noexcept {
    return core_.wait_for_mail(*this, self, stop) == WorkerChannelCore::Wait::parked;
  }
  Result<T> finish() noexcept {
    if (stopped()) return failure(ECANCELED);
    auto* node = static_cast<Node*>(core_.take_value());
    if (node == nullptr) return failure(EPIPE);
    T value = node->take();
    if (ChannelWait* sender = core_.spend(*node)) {
      node->put(std::move(*static_cast<T*>(sender->slot)));
      core_.readmit(*node, *sender);
    }
    return value;
  }

 private:
  static void stop(Leaf& leaf) noexcept {
    auto& receiver = static_cast<ReceiveLeaf&>(leaf);
    receiver.core_.stop_receiving(receiver);
  }

  WorkerChannelCore& core_;
};

}  // namespace rota::inline v0
