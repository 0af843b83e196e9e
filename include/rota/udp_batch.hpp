#pragma once

#include <rota/address.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/datagram_leaves.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/core/owned.hpp>
#include <rota/result.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rota::inline v0 {

/// Room for many datagrams, made once and filled again by each `UdpSocket::receive_many`: what it
/// holds is overwritten by the next. One task; the receive borrows it until it ends.
class IncomingBatch {
 public:
  /// `slots` datagrams of at most `bytes_each`. Throws std::bad_alloc.
  IncomingBatch(std::size_t slots, std::size_t bytes_each);

  /// How many the last receive brought.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::span<const std::byte> bytes(std::size_t index) const noexcept;
  /// Where it comes from and whether it was cut.
  [[nodiscard]] DatagramOf<Address> operator[](std::size_t index) const noexcept;

 private:
  friend class ReceiveManyLeaf;
  struct Slot {
    iovec part;
    sockaddr_storage sender;
    SegmentControl control;
  };

  void prepare() noexcept;

  OwnedArray<mmsghdr> headers_;
  OwnedArray<Slot> slots_;
  OwnedArray<std::byte> memory_;
  std::size_t bytes_each_;
  std::size_t size_ = 0;
};

/// Datagrams that are to go out together by `UdpSocket::send_many`. Their bytes are borrowed until
/// they are sent, or removed. One task.
class OutgoingBatch {
 public:
  /// Throws std::bad_alloc.
  explicit OutgoingBatch(std::size_t slots);

  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool full() const noexcept { return end_ == headers_.size(); }
  /// There is room. To the peer.
  void add(std::span<const std::byte> bytes) noexcept;
  void add(std::span<const std::byte> bytes, const Address& to) noexcept;
  /// Those that were sent, for example: the rest is next.
  void remove_first(std::size_t count) noexcept;

 private:
  friend class SendManyLeaf;
  struct Slot {
    iovec part;
    Address to;
  };

  OwnedArray<mmsghdr> headers_;
  OwnedArray<Slot> slots_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// The leaf of `UdpSocket::receive_many`.
class ReceiveManyLeaf : public OperationLeaf<MessageBatch> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  ReceiveManyLeaf(Descriptor* descriptor, IncomingBatch& into) noexcept;
  Result<std::size_t> finish() const noexcept;

 private:
  IncomingBatch& into_;
};

/// The leaf of `UdpSocket::send_many`.
class SendManyLeaf : public OperationLeaf<MessageBatch> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  SendManyLeaf(Descriptor* descriptor, OutgoingBatch& from) noexcept;
  Result<std::size_t> finish() const noexcept;

 private:
  OutgoingBatch& from_;
};

}  // namespace rota::inline v0
