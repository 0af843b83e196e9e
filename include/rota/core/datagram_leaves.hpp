#pragma once

#include <rota/core/cancel_loss.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/result.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rota::inline v0 {

/// One datagram as it came. A is the family's address.
template <class A>
struct DatagramOf {
  std::size_t bytes = 0;          ///< in the buffer
  A from{};                       ///< nowhere, unless it was asked for
  bool truncated = false;         ///< it was longer than the buffer, and the rest of it is gone
  std::size_t segment_bytes = 0;  ///< of UDP that is received in segments: the length of each but
                                  ///< the last of the datagrams in the buffer; 0: there is one
};

/// Room for one length beside the bytes, which UDP's segments need.
struct alignas(cmsghdr) SegmentControl {
  std::byte bytes[CMSG_SPACE(sizeof(int))];
};

/// Has the kernel cut the bytes into datagrams of so many bytes each (UDP_SEGMENT).
void send_in_segments(msghdr& header, SegmentControl& control, std::uint16_t bytes) noexcept;
/// What UDP_GRO says of a message; 0 where it says nothing.
[[nodiscard]] std::size_t received_segment_bytes(const msghdr& header) noexcept;

/// One datagram that goes out. Where `to` is nowhere it goes to the peer.
template <class A>
class SendDatagramLeaf : public OperationLeaf<Message> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  SendDatagramLeaf(Descriptor* descriptor, std::span<const std::byte> from, const A* to,
                   std::uint16_t segment_bytes = 0) noexcept
      : OperationLeaf(descriptor, OpCode::send_message, &header_, 0),
        part_{const_cast<std::byte*>(from.data()), from.size()} {
    header_.msg_iov = &part_;
    header_.msg_iovlen = 1;
    if (to != nullptr) {
      to_ = *to;
      header_.msg_name = const_cast<sockaddr*>(to_.native());
      header_.msg_namelen = to_.native_bytes();
    }
    if (segment_bytes != 0) send_in_segments(header_, control_, segment_bytes);
  }
  /// "Not yet" becomes the result.
  void do_not_wait() noexcept {
    operation_.flags = op_no_wait;
    operation_.message_flags = MSG_DONTWAIT;
  }
  Result<std::size_t> finish() const noexcept {
    if (operation_.result < 0) return failure(-operation_.result);
    return static_cast<std::size_t>(operation_.result);
  }

 private:
  msghdr header_{};
  iovec part_;
  A to_{};
  SegmentControl control_;
};

/// Whether a receive asks where a datagram comes from.
enum class AskSender : bool { no, yes };
/// Whether it asks how several are to be cut. Where it does not nothing beside the bytes is
/// received: the kernel closes the fds that a Unix datagram brings along.
enum class AskSegments : bool { no, yes };

/// One datagram that comes in.
template <class A>
class ReceiveDatagramLeaf : public OperationLeaf<Message> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  ReceiveDatagramLeaf(Descriptor* descriptor, std::span<std::byte> into, AskSender sender,
                      AskSegments segments) noexcept
      : OperationLeaf(descriptor, OpCode::receive_message, &header_, 0),
        part_{into.data(), into.size()} {
    header_.msg_iov = &part_;
    header_.msg_iovlen = 1;
    if (segments == AskSegments::yes) {
      header_.msg_control = control_.bytes;
      header_.msg_controllen = sizeof control_.bytes;
    }
    if (sender == AskSender::no) return;
    header_.msg_name = &sender_;
    header_.msg_namelen = sizeof sender_;
  }
  Result<DatagramOf<A>> finish() const noexcept {
    if (operation_.result < 0) return failure(-operation_.result);
    DatagramOf<A> came;
    came.bytes = static_cast<std::size_t>(operation_.result);
    if (header_.msg_name != nullptr) {
      came.from = A::from_native(reinterpret_cast<const sockaddr&>(sender_), header_.msg_namelen);
    }
    came.truncated = (header_.msg_flags & MSG_TRUNC) != 0;
    came.segment_bytes = received_segment_bytes(header_);
    return came;
  }

 private:
  msghdr header_{};
  iovec part_;
  sockaddr_storage sender_;
  SegmentControl control_;
};

}  // namespace rota::inline v0
