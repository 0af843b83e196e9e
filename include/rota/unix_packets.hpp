#pragma once

#include <rota/await.hpp>
#include <rota/core/datagram_leaves.hpp>
#include <rota/core/fd_leaves.hpp>
#include <rota/result.hpp>
#include <rota/socket_listener.hpp>
#include <rota/socket_stream.hpp>
#include <rota/task.hpp>
#include <rota/unix_address.hpp>
#include <rota/unix_stream.hpp>

#include <cstddef>
#include <span>
#include <utility>

namespace rota::inline v0 {

/// A Unix connection that keeps the bounds of messages (SOCK_SEQPACKET).
///
/// A receive of no bytes is the end, so that an empty message cannot be told from it.
///
/// @as UdpSocket
/// @errors what sendmsg(2) and recvmsg(2) say: `message_size` beyond what the send buffer takes,
/// `connection_reset`, `broken_pipe`; none for a message that came longer than the buffer: the
/// result says `truncated`
class UnixPackets : public IoObject {
 public:
  /// As a UnixStream.
  ///
  /// @as UnixStream::connect
  [[nodiscard]] static Task<Result<UnixPackets>> connect(UnixAddress to);
  /// Two ends that are connected to each other. Only in a task.
  [[nodiscard]] static Result<std::pair<UnixPackets, UnixPackets>> pair();
  explicit UnixPackets(DescriptorRef descriptor) noexcept : IoObject(std::move(descriptor)) {}

  /// One message.
  [[nodiscard]] Await<SendDatagramLeaf<UnixAddress>> send(
      std::span<const std::byte> from) noexcept {
    return Await<SendDatagramLeaf<UnixAddress>>(std::in_place, descriptor(), from, nullptr);
  }
  [[nodiscard]] Await<ReceiveDatagramLeaf<UnixAddress>> receive(
      std::span<std::byte> into) noexcept {
    return Await<ReceiveDatagramLeaf<UnixAddress>>(std::in_place, descriptor(), into, AskSender::no,
                                                   AskSegments::no);
  }
  /// With open files beside the bytes.
  ///
  /// @as UnixStream::send_with_fds
  [[nodiscard]] Await<SendFdsLeaf> send_with_fds(std::span<const std::byte> from,
                                                 std::span<const int> fds) noexcept {
    return Await<SendFdsLeaf>(std::in_place, descriptor(), from, fds);
  }
  /// The same for what comes.
  ///
  /// @as UnixStream::receive_with_fds
  [[nodiscard]] Await<ReceiveFdsLeaf> receive_with_fds(std::span<std::byte> into,
                                                       std::span<OwnedFd> fds) noexcept {
    return Await<ReceiveFdsLeaf>(std::in_place, descriptor(), into, fds);
  }

  /// Ends one half, at once.
  Result<void> shutdown(ShutdownHalf half) noexcept;
  [[nodiscard]] Result<PeerCredentials> peer_credentials() const noexcept;
  [[nodiscard]] Result<UnixAddress> local_address() const noexcept;
  [[nodiscard]] Result<UnixAddress> peer_address() const noexcept;
};

/// A socket that accepts them. Its path is as UnixListener says.
///
/// @as SocketListener
class UnixPacketsListener : public SocketListener {
 public:
  using Stream = UnixPackets;

  [[nodiscard]] static Result<UnixPacketsListener> bind(const UnixAddress& at,
                                                        const UnixListenOptions& options = {});
  explicit UnixPacketsListener(DescriptorRef descriptor) noexcept
      : SocketListener(std::move(descriptor)) {}

  [[nodiscard]] Await<AcceptLeaf<UnixPackets>> accept() noexcept {
    return Await<AcceptLeaf<UnixPackets>>(std::in_place, descriptor());
  }
  [[nodiscard]] Result<UnixAddress> local_address() const noexcept;
};

}  // namespace rota::inline v0
