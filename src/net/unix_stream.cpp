#include <rota/unix_stream.hpp>

#include "net/socket.hpp"
#include "net/unix_socket.hpp"

#include <sys/socket.h>

namespace rota::inline v0 {

Task<Result<UnixStream>> UnixStream::connect(UnixAddress to) {
  Task<Result<DescriptorRef>> connecting = connect_unix(to, SocketType::stream);
  Result<DescriptorRef> connected = co_await std::move(connecting);
  if (!connected) co_return std::unexpected(connected.error());
  co_return UnixStream(std::move(*connected));
}

Result<std::pair<UnixStream, UnixStream>> UnixStream::pair() {
  auto ends = unix_pair(SocketType::stream);
  if (!ends) return std::unexpected(ends.error());
  return std::pair(UnixStream(std::move(ends->first)), UnixStream(std::move(ends->second)));
}

Result<UnixStream> UnixStream::from_fd(int fd) {
  auto descriptor = adopt_foreign_socket(fd);
  if (!descriptor) return std::unexpected(descriptor.error());
  return UnixStream(std::move(*descriptor));
}

Result<PeerCredentials> UnixStream::peer_credentials() const noexcept {
  return peer_credentials_of(fd());
}

Result<UnixAddress> UnixStream::local_address() const noexcept {
  return local_unix_address_of(fd());
}

Result<UnixAddress> UnixStream::peer_address() const noexcept { return peer_unix_address_of(fd()); }

Result<UnixListener> UnixListener::bind(const UnixAddress& at, const UnixListenOptions& options) {
  auto opened = open(AF_UNIX, SocketType::stream);
  if (!opened) return std::unexpected(opened.error());
  auto listening = listen_unix(fd_of(*opened), at, SocketType::stream, options);
  if (!listening) return std::unexpected(listening.error());
  return UnixListener(std::move(*opened));
}

Result<UnixAddress> UnixListener::local_address() const noexcept {
  return local_unix_address_of(fd());
}

}  // namespace rota::inline v0
