#include <rota/tcp.hpp>

#include "core/descriptor.hpp"
#include "net/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace rota::inline v0 {

Result<TcpStream> ConnectLeaf::finish() noexcept {
  Result<DescriptorRef> connected = take();
  if (!connected) return std::unexpected(connected.error());
  return TcpStream(std::move(*connected));
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

Result<void> TcpStream::set_no_delay(bool on) noexcept {
  return set_option(fd(), IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
}

Result<void> TcpStream::set_keep_alive(bool on) noexcept {
  return set_option(fd(), SOL_SOCKET, SO_KEEPALIVE, on ? 1 : 0);
}

Result<void> TcpStream::set_keep_alive(const KeepAlive& times) noexcept {
  auto set = set_option(fd(), IPPROTO_TCP, TCP_KEEPIDLE, times.idle_seconds);
  if (set) set = set_option(fd(), IPPROTO_TCP, TCP_KEEPINTVL, times.interval_seconds);
  if (set) set = set_option(fd(), IPPROTO_TCP, TCP_KEEPCNT, times.questions);
  return set ? set_keep_alive(true) : set;
}

Result<void> TcpStream::set_linger(int seconds) noexcept {
  const linger value{.l_onoff = 1, .l_linger = seconds};
  if (setsockopt(fd(), SOL_SOCKET, SO_LINGER, &value, sizeof value) < 0) return failure(errno);
  descriptor()->lingers = seconds > 0;
  return {};
}

Result<Address> TcpStream::local_address() const noexcept { return local_address_of(fd()); }

Result<Address> TcpStream::peer_address() const noexcept { return peer_address_of(fd()); }

}  // namespace rota::inline v0
