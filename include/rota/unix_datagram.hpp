#pragma once

#include <rota/await.hpp>
#include <rota/core/datagram_leaves.hpp>
#include <rota/core/fd_leaves.hpp>
#include <rota/core/io_object.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>
#include <rota/unix_address.hpp>
#include <rota/unix_stream.hpp>

#include <cstddef>
#include <span>
#include <utility>

namespace rota::inline v0 {

/// What a receive yields.
using UnixMessage = DatagramOf<UnixAddress>;

/// A Unix datagram socket: messages that arrive, in order, or are refused.
///
/// What came from a socket that is not bound comes from nowhere. Paths are as UnixListener says.
///
/// @as UdpSocket
class UnixDatagram : public IoObject {
 public:
  /// Without blocking. Only in a task. Nowhere: the kernel chooses an abstract name.
  [[nodiscard]] static Result<UnixDatagram> bind(const UnixAddress& at,
                                                 StalePath stale = StalePath::fail);
  /// For sending only. Only in a task.
  [[nodiscard]] static Result<UnixDatagram> unbound();
  /// Two that are connected to each other. Only in a task.
  [[nodiscard]] static Result<std::pair<UnixDatagram, UnixDatagram>> pair();
  explicit UnixDatagram(DescriptorRef descriptor) noexcept : IoObject(std::move(descriptor)) {}

  /// From now on `send` sends there, and only what comes from there is received.
  Result<void> connect(const UnixAddress& to) noexcept;

  /// To the peer, whose queue it waits for. Fails with `connection_refused` once the peer is gone.
  [[nodiscard]] Await<SendDatagramLeaf<UnixAddress>> send(
      std::span<const std::byte> from) noexcept {
    return Await<SendDatagramLeaf<UnixAddress>>(std::in_place, descriptor(), from, nullptr);
  }
  /// To any other. Where its queue is full it asks again after pauses of 1 to 50 ms, since the
  /// kernel tells of room only who is connected. The bytes outlive the task.
  [[nodiscard]] Task<Result<std::size_t>> send_to(std::span<const std::byte> from, UnixAddress to);

  /// Without the sender.
  [[nodiscard]] Await<ReceiveDatagramLeaf<UnixAddress>> receive(
      std::span<std::byte> into) noexcept {
    return Await<ReceiveDatagramLeaf<UnixAddress>>(std::in_place, descriptor(), into, AskSender::no,
                                                   AskSegments::no);
  }
  [[nodiscard]] Await<ReceiveDatagramLeaf<UnixAddress>> receive_from(
      std::span<std::byte> into) noexcept {
    return Await<ReceiveDatagramLeaf<UnixAddress>>(std::in_place, descriptor(), into,
                                                   AskSender::yes, AskSegments::no);
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

  Result<void> set_send_buffer_bytes(int bytes) noexcept;
  Result<void> set_receive_buffer_bytes(int bytes) noexcept;
  [[nodiscard]] Result<UnixAddress> local_address() const noexcept;
  [[nodiscard]] Result<UnixAddress> peer_address() const noexcept;
};

}  // namespace rota::inline v0
