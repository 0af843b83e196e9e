#include <rota/tcp.hpp>

#include "net/socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace rota::inline v0 {

Result<TcpListener> TcpListener::bind(const Address& at, const ListenOptions& options) {
  auto opened = open(at.family(), SocketType::stream);
  if (!opened) return std::unexpected(opened.error());
  const int fd = fd_of(*opened);
  if (options.reuse_address) {
    if (auto set = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1); !set) {
      return std::unexpected(set.error());
    }
  }
  if (options.reuse_port) {
    if (auto set = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1); !set) {
      return std::unexpected(set.error());
    }
  }
  if (at.is_ipv6()) {
    const int only = options.ipv6_only ? 1 : 0;
    if (auto set = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, only); !set) {
      return std::unexpected(set.error());
    }
  }
  if (::bind(fd, at.native(), at.native_bytes()) < 0) return failure(errno);
  if (::listen(fd, options.backlog) < 0) return failure(errno);
  return TcpListener(std::move(*opened));
}

Result<Address> TcpListener::local_address() const noexcept { return local_address_of(fd()); }

}  // namespace rota::inline v0
