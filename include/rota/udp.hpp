#pragma once

#include <rota/address.hpp>
#include <rota/await.hpp>
#include <rota/core/datagram_leaves.hpp>
#include <rota/core/io_object.hpp>
#include <rota/result.hpp>
#include <rota/udp_batch.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace rota::inline v0 {

/// What a receive yields.
using UdpDatagram = DatagramOf<Address>;

/// How a UdpSocket is bound.
struct UdpOptions {
  bool reuse_address = false;  ///< several sockets receive the same multicasts
  bool reuse_port = false;     ///< several sockets share the port; the kernel deals senders out
  bool ipv6_only = false;      ///< false: an IPv6 socket on [::] receives IPv4 too, as mapped
                               ///< addresses

  UdpOptions() = default;
};

/// A UDP socket.
///
/// One of no bytes is one too: a receive of no bytes is no end. Where nobody listens the peer's
/// host may say so, and a connected socket then has `connection_refused` as the result of its next
/// receive or send, once; others never learn it.
///
/// @threads one task per direction: one receives while another sends
/// @loses nothing: a message goes and comes whole or not at all
/// @owns the fd is the socket's; a buffer, or a batch, is borrowed until the call ends
/// @errors what sendmsg(2) and recvmsg(2) say: `message_size` for one that is too long to go,
/// `connection_refused`; none for one that came longer than the buffer: the result says `truncated`
class UdpSocket : public IoObject {
 public:
  /// Without blocking. Only in a task. Port 0: see `local_address`.
  [[nodiscard]] static Result<UdpSocket> bind(const Address& at, const UdpOptions& options = {});
  explicit UdpSocket(DescriptorRef descriptor) noexcept : IoObject(std::move(descriptor)) {}

  /// From now on `send` sends there, and only what comes from there is received. At once: nothing
  /// is sent. What came before may still be received.
  Result<void> connect(const Address& to) noexcept;

  /// To the peer. Every byte in one datagram.
  [[nodiscard]] Await<SendDatagramLeaf<Address>> send(std::span<const std::byte> from) noexcept {
    return Await<SendDatagramLeaf<Address>>(std::in_place, descriptor(), from, nullptr);
  }
  [[nodiscard]] Await<SendDatagramLeaf<Address>> send_to(std::span<const std::byte> from,
                                                         const Address& to) noexcept {
    return Await<SendDatagramLeaf<Address>>(std::in_place, descriptor(), from, &to);
  }
  /// As datagrams of `segment_bytes` each, the last one as long as is left, in one call of the
  /// kernel, which cuts them (UDP_SEGMENT, Linux 4.18); at most 64 of them. To the peer where `to`
  /// is null.
  [[nodiscard]] Await<SendDatagramLeaf<Address>> send_segments(std::span<const std::byte> from,
                                                               std::uint16_t segment_bytes,
                                                               const Address* to) noexcept {
    return Await<SendDatagramLeaf<Address>>(std::in_place, descriptor(), from, to, segment_bytes);
  }

  /// Without the sender.
  [[nodiscard]] Await<ReceiveDatagramLeaf<Address>> receive(std::span<std::byte> into) noexcept {
    return Await<ReceiveDatagramLeaf<Address>>(std::in_place, descriptor(), into, AskSender::no,
                                               AskSegments::yes);
  }
  [[nodiscard]] Await<ReceiveDatagramLeaf<Address>> receive_from(
      std::span<std::byte> into) noexcept {
    return Await<ReceiveDatagramLeaf<Address>>(std::in_place, descriptor(), into, AskSender::yes,
                                               AskSegments::yes);
  }

  /// At least one, and as many as are there and fit, in one call of the kernel. Yields how many.
  [[nodiscard]] Await<ReceiveManyLeaf> receive_many(IncomingBatch& into) noexcept {
    return Await<ReceiveManyLeaf>(std::in_place, descriptor(), into);
  }
  /// At least one, from the first on, as many as there is room for, in one call of the kernel.
  /// Yields how many; these leave the batch. An error is that of the first.
  [[nodiscard]] Await<SendManyLeaf> send_many(OutgoingBatch& from) noexcept {
    return Await<SendManyLeaf>(std::in_place, descriptor(), from);
  }

  /// Several datagrams of one sender may come as one, whose `segment_bytes` says how to cut it
  /// (UDP_GRO, Linux 5.0): buffers should have 64 KiB then.
  Result<void> set_receive_segments(bool on) noexcept;
  /// Without it a send to a broadcast address is `permission_denied`.
  Result<void> set_broadcast(bool on) noexcept;
  /// How many routers a datagram may pass.
  Result<void> set_time_to_live(int hops) noexcept;
  Result<void> set_send_buffer_bytes(int bytes) noexcept;
  Result<void> set_receive_buffer_bytes(int bytes) noexcept;

  /// Receives what is sent to `group`, on the interface with this index (0: the system chooses).
  /// The socket is bound to the group's port. Ends with `leave_group` or the socket.
  Result<void> join_group(const Address& group, std::uint32_t interface_index = 0) noexcept;
  Result<void> leave_group(const Address& group, std::uint32_t interface_index = 0) noexcept;
  /// Of the multicasts that it sends: the interface, how many routers they may pass (1 at first),
  /// and whether receivers on this machine get them (they do at first).
  Result<void> set_multicast_interface(std::uint32_t interface_index) noexcept;
  Result<void> set_multicast_time_to_live(int hops) noexcept;
  Result<void> set_multicast_loop(bool on) noexcept;

  [[nodiscard]] Result<Address> local_address() const noexcept;
  [[nodiscard]] Result<Address> peer_address() const noexcept;

 private:
  [[nodiscard]] bool is_ipv6() const noexcept;
};

}  // namespace rota::inline v0
