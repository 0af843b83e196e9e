#include <rota/tcp.hpp>

#include "core/descriptor.hpp"
#include "net/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rota::inline v0 {

ConnectLeaf::ConnectLeaf(const Address& to) noexcept
    : address_(to), operation_(address_.native(), address_.native_bytes()) {}

bool ConnectLeaf::start(Runnable& self) noexcept {
  auto opened = open_socket(address_.family());
  if (!opened) {
    operation_.result = -opened.error().value();
    return false;
  }
  descriptor_ = std::move(*opened);
  operation_.descriptor = descriptor_.get();
  operation_.waiter = &self;
  operation_.cancel = cancel_operation;
  return submit(operation_, node_);
}

Result<TcpStream> ConnectLeaf::finish() noexcept {
  if (operation_.result < 0) return failure(-operation_.result);
  return TcpStream(std::move(descriptor_));
}

namespace {

bool lingers_on_close(int fd) noexcept {
  linger value{};
  socklen_t bytes = sizeof value;
  return getsockopt(fd, SOL_SOCKET, SO_LINGER, &value, &bytes) == 0 && value.l_onoff != 0 &&
         value.l_linger > 0;
}

}  // namespace

Result<TcpStream> TcpStream::from_fd(int fd) {
  auto descriptor = adopt_foreign_socket(fd);
  if (!descriptor) return std::unexpected(descriptor.error());
  (**descriptor).lingers = lingers_on_close(fd);
  return TcpStream(std::move(*descriptor));
}

Await<CountLeaf<Transfer>> TcpStream::write(std::span<const std::byte> from) noexcept {
  return Await<CountLeaf<Transfer>>(std::in_place, descriptor_.get(), OpCode::write,
                                    const_cast<std::byte*>(from.data()), from.size());
}

Await<CountLeaf<VectorTransfer>> TcpStream::read_vector(std::span<iovec> into) noexcept {
  return Await<CountLeaf<VectorTransfer>>(std::in_place, descriptor_.get(), OpCode::read_vector,
                                          into.data(), static_cast<std::uint32_t>(into.size()));
}

Await<CountLeaf<VectorTransfer>> TcpStream::write_vector(std::span<iovec> from) noexcept {
  return Await<CountLeaf<VectorTransfer>>(std::in_place, descriptor_.get(), OpCode::write_vector,
                                          from.data(), static_cast<std::uint32_t>(from.size()));
}

Result<void> TcpStream::shutdown(ShutdownHalf half) noexcept {
  constexpr int kHow[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
  if (::shutdown(fd(), kHow[static_cast<std::size_t>(half)]) < 0) return failure(errno);
  return {};
}

Await<CloseLeaf> TcpStream::close() noexcept {
  return Await<CloseLeaf>(std::in_place, std::move(descriptor_));
}

Await<MoveLeaf> TcpStream::move_to(WorkerIndex worker) noexcept {
  return Await<MoveLeaf>(std::in_place, descriptor_.get(), worker);
}

Result<void> TcpStream::set_no_delay(bool on) noexcept {
  return set_option(fd(), IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
}

Result<void> TcpStream::set_keep_alive(bool on) noexcept {
  return set_option(fd(), SOL_SOCKET, SO_KEEPALIVE, on ? 1 : 0);
}

Result<void> TcpStream::set_linger(int seconds) noexcept {
  const linger value{.l_onoff = 1, .l_linger = seconds};
  if (setsockopt(fd(), SOL_SOCKET, SO_LINGER, &value, sizeof value) < 0) return failure(errno);
  (*descriptor_).lingers = seconds > 0;
  return {};
}

Result<void> TcpStream::set_send_buffer_bytes(int bytes) noexcept {
  return set_option(fd(), SOL_SOCKET, SO_SNDBUF, bytes);
}

Result<void> TcpStream::set_receive_buffer_bytes(int bytes) noexcept {
  return set_option(fd(), SOL_SOCKET, SO_RCVBUF, bytes);
}

Result<Address> TcpStream::local_address() const noexcept { return local_address_of(fd()); }

Result<Address> TcpStream::peer_address() const noexcept {
  sockaddr_storage native{};
  socklen_t length = sizeof native;
  if (getpeername(fd(), reinterpret_cast<sockaddr*>(&native), &length) < 0) return failure(errno);
  return Address::from_native(reinterpret_cast<const sockaddr&>(native), length);
}

}  // namespace rota::inline v0
