#include <rota/unix_packets.hpp>

#include "net/socket.hpp"
#include "net/unix_socket.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace rota::inline v0 {

Task<Result<UnixPackets>> UnixPackets::connect(UnixAddress to) {
  Task<Result<DescriptorRef>> connecting = connect_unix(to, SocketType::packets);
  Result<DescriptorRef> connected = co_await std::move(connecting);
  if (!connected) co_return std::unexpected(connected.error());
  co_return UnixPackets(std::move(*connected));
}

Result<std::pair<UnixPackets, UnixPackets>> UnixPackets::pair() {
  auto ends = unix_pair(SocketType::packets);
  if (!ends) return std::unexpected(ends.error());
  return std::pair(UnixPackets(std::move(ends->first)), UnixPackets(std::move(ends->second)));
}

Result<void> UnixPackets::shutdown(ShutdownHalf half) noexcept { return shut_down(fd(), half); }

Result<PeerCredentials> UnixPackets::peer_credentials() const noexcept {
  return peer_credentials_of(fd());
}

Result<UnixAddress> UnixPackets::local_address() const noexcept {
  return local_unix_address_of(fd());
}

Result<UnixAddress> UnixPackets::peer_address() const noexcept {
  return peer_unix_address_of(fd());
}

Result<UnixPacketsListener> UnixPacketsListener::bind(const UnixAddress& at,
                                                      const UnixListenOptions& options) {
  auto opened = open(AF_UNIX, SocketType::packets);
  if (!opened) return std::unexpected(opened.error());
  auto listening = listen_unix(fd_of(*opened), at, SocketType::packets, options);
  if (!listening) return std::unexpected(listening.error());
  return UnixPacketsListener(std::move(*opened));
}

Result<UnixAddress> UnixPacketsListener::local_address() const noexcept {
  return local_unix_address_of(fd());
}

}  // namespace rota::inline v0
