#include "net/dns_sockets.hpp"

#include <rota/dns_error.hpp>

#include <ares_nameser.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstddef>

namespace rota::inline v0 {

namespace {

// A message begins with its number and two bytes of flags, the response code in the last four bits.
constexpr std::size_t kHeadBytes = 12;
constexpr std::size_t kCodeAt = 3;
constexpr int kCodeBits = 0xf;

}  // namespace

const ares_socket_functions DnsSockets::kCalls = {open, close, connect, receive, send};

void DnsSockets::use_for(ares_channel channel) noexcept {
  ares_set_socket_functions(channel, &kCalls, this);
}

std::error_code DnsSockets::failure() const noexcept {
  switch (failed_with_) {
    case SERVFAIL: return make_error_code(DnsError::server_failure);
    case NOTIMP: return make_error_code(DnsError::not_implemented);
    case REFUSED: return make_error_code(DnsError::refused);
    default: return {};
  }
}

ares_socket_t DnsSockets::open(int family, int type, int protocol, void*) noexcept {
  return ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

int DnsSockets::close(ares_socket_t socket, void*) noexcept { return ::close(socket); }

int DnsSockets::connect(ares_socket_t socket, const sockaddr* to, ares_socklen_t bytes,
                        void*) noexcept {
  return ::connect(socket, to, bytes);
}

ares_ssize_t DnsSockets::receive(ares_socket_t socket, void* to, std::size_t bytes, int flags,
                                 sockaddr* from, ares_socklen_t* from_bytes, void* self) noexcept {
  const ssize_t got = ::recvfrom(socket, to, bytes, flags, from, from_bytes);
  // A part of a long message over TCP may look like a head: then a failure gets a wrong name.
  if (got >= static_cast<ssize_t>(kHeadBytes)) {
    const int code = static_cast<const unsigned char*>(to)[kCodeAt] & kCodeBits;
    if (code == SERVFAIL || code == NOTIMP || code == REFUSED) {
      static_cast<DnsSockets*>(self)->failed_with_ = code;
    }
  }
  return got;
}

ares_ssize_t DnsSockets::send(ares_socket_t socket, const iovec* from, int count, void*) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(from);
  message.msg_iovlen = static_cast<std::size_t>(count);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

}  // namespace rota::inline v0
