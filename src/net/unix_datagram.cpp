#include <rota/unix_datagram.hpp>

#include <rota/time.hpp>

#include "net/socket.hpp"
#include "net/unix_socket.hpp"
#include "time/retry_pause.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace rota::inline v0 {
namespace {

using SendLeaf = SendDatagramLeaf<UnixAddress>;

/// "Not yet" is its result: whether another socket has room nobody can wait for.
class SendOnceLeaf : public SendLeaf {
 public:
  SendOnceLeaf(Descriptor* descriptor, std::span<const std::byte> from,
               const UnixAddress& to) noexcept
      : SendLeaf(descriptor, from, &to) {
    do_not_wait();
  }
};

Await<SendOnceLeaf> send_once(Descriptor* descriptor, std::span<const std::byte> from,
                              const UnixAddress& to) noexcept {
  return Await<SendOnceLeaf>(std::in_place, descriptor, from, to);
}

}  // namespace

Result<UnixDatagram> UnixDatagram::unbound() {
  auto opened = open_socket(AF_UNIX, SocketType::datagram);
  if (!opened) return std::unexpected(opened.error());
  return UnixDatagram(std::move(*opened));
}

Result<UnixDatagram> UnixDatagram::bind(const UnixAddress& at, StalePath stale) {
  auto opened = unbound();
  if (!opened) return opened;
  auto bound = bind_unix(opened->fd(), at, SocketType::datagram, stale);
  if (!bound) return std::unexpected(bound.error());
  return opened;
}

Result<std::pair<UnixDatagram, UnixDatagram>> UnixDatagram::pair() {
  auto ends = unix_pair(SocketType::datagram);
  if (!ends) return std::unexpected(ends.error());
  return std::pair(UnixDatagram(std::move(ends->first)), UnixDatagram(std::move(ends->second)));
}

Result<void> UnixDatagram::connect(const UnixAddress& to) noexcept {
  if (::connect(fd(), to.native(), to.native_bytes()) < 0) return failure(errno);
  return {};
}

Task<Result<std::size_t>> UnixDatagram::send_to(std::span<const std::byte> from, UnixAddress to) {
  RetryPause pause;
  for (;;) {
    Result<std::size_t> sent = co_await send_once(descriptor(), from, to);
    if (sent || !has_no_room(sent.error())) co_return sent;
    Result<void> paused = co_await sleep(pause.next());
    if (!paused) co_return std::unexpected(paused.error());
  }
}

Result<void> UnixDatagram::set_send_buffer_bytes(int bytes) noexcept {
  return set_option(fd(), SOL_SOCKET, SO_SNDBUF, bytes);
}

Result<void> UnixDatagram::set_receive_buffer_bytes(int bytes) noexcept {
  return set_option(fd(), SOL_SOCKET, SO_RCVBUF, bytes);
}

Result<UnixAddress> UnixDatagram::local_address() const noexcept {
  return local_unix_address_of(fd());
}

Result<UnixAddress> UnixDatagram::peer_address() const noexcept {
  return peer_unix_address_of(fd());
}

}  // namespace rota::inline v0
