#include "net/socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <new>

namespace rota::inline v0 {

int native_type(SocketType type) noexcept {
  constexpr int kTypes[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
  return kTypes[static_cast<std::size_t>(type)];
}

Result<DescriptorRef> open_socket(int family, SocketType type) noexcept {
  const int fd = ::socket(family, native_type(type) | socket_flags(), 0);
  if (fd < 0) return failure(errno);
  return adopt_socket(fd);
}

Result<DescriptorRef> adopt_socket(int fd) noexcept {
  try {
    return DescriptorRef(adopt_fd(fd, FdKind::socket));
  } catch (const std::bad_alloc&) {
    ::close(fd);
    return failure(ENOMEM);
  }
}

Result<DescriptorRef> adopt_foreign_socket(int fd) noexcept {
  const bool nonblocking = (socket_flags() & SOCK_NONBLOCK) != 0;
  const int flags = fcntl(fd, F_GETFL);
  const int wanted = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (flags < 0 || (wanted != flags && fcntl(fd, F_SETFL, wanted) < 0)) return failure(errno);
  return adopt_socket(fd);
}

int native_half(ShutdownHalf half) noexcept {
  constexpr int kHalves[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
  return kHalves[static_cast<std::size_t>(half)];
}

Result<void> shut_down(int fd, ShutdownHalf half) noexcept {
  if (::shutdown(fd, native_half(half)) < 0) return failure(errno);
  return {};
}

Result<void> set_option(int fd, int level, int name, int value) noexcept {
  if (setsockopt(fd, level, name, &value, sizeof value) < 0) return failure(errno);
  return {};
}

Result<Address> local_address_of(int fd) noexcept {
  sockaddr_storage native{};
  socklen_t length = sizeof native;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&native), &length) < 0) return failure(errno);
  return Address::from_native(reinterpret_cast<const sockaddr&>(native), length);
}

Result<Address> peer_address_of(int fd) noexcept {
  sockaddr_storage native{};
  socklen_t length = sizeof native;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&native), &length) < 0) return failure(errno);
  return Address::from_native(reinterpret_cast<const sockaddr&>(native), length);
}

}  // namespace rota::inline v0
