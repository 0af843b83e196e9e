#include "conformance/sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace rota::conformance {
namespace {

/// The value of a call, or an exception that names it.
template <class T>
T must(T value, const char* call) {
  if (value < 0) throw std::system_error(errno, std::system_category(), call);
  return value;
}

sockaddr_in loopback() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

sockaddr_in bound_address(int fd) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  must(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length), "getsockname");
  return address;
}

void bind_to_loopback(int fd) {
  const sockaddr_in address = loopback();
  must(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
}

void set_option(int fd, int level, int name, int value) {
  must(::setsockopt(fd, level, name, &value, sizeof value), "setsockopt");
}

}  // namespace

Fd tcp_socket() { return Fd(must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")); }

Listener tcp_listener(int backlog) {
  Listener made{tcp_socket(), {}};
  bind_to_loopback(made.socket.number());
  must(::listen(made.socket.number(), backlog), "listen");
  made.address = bound_address(made.socket.number());
  return made;
}

FdPair tcp_pair() {
  const Listener listener = tcp_listener(1);
  FdPair pair;
  pair.near = connect_to(listener.address);
  const int waiting = listener.socket.number();
  // By the older call: where accept4 is denied, that is no matter of this case.
  pair.far = Fd(must(::accept(waiting, nullptr, nullptr), "accept"));
  must(::fcntl(pair.far.number(), F_SETFD, FD_CLOEXEC), "F_SETFD");
  set_option(pair.near.number(), IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(pair.far.number(), IPPROTO_TCP, TCP_NODELAY, 1);
  return pair;
}

FdPair unix_pair() {
  int ends[2];
  must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
  return FdPair{Fd(ends[0]), Fd(ends[1])};
}

FdPair datagram_pair() {
  int ends[2];
  must(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), "socketpair");
  return FdPair{Fd(ends[0]), Fd(ends[1])};
}

UdpSocket udp_socket() {
  UdpSocket made{Fd(must(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket")), {}};
  bind_to_loopback(made.socket.number());
  made.address = bound_address(made.socket.number());
  return made;
}

FdPair pipe_pair() {
  int ends[2];
  must(::pipe2(ends, O_CLOEXEC), "pipe");
  return FdPair{Fd(ends[0]), Fd(ends[1])};
}

Fd connect_to(const sockaddr_in& address) {
  Fd made = tcp_socket();
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  must(::connect(made.number(), to, sizeof address), "connect");
  return made;
}

Fd begin_connect_to(const sockaddr_in& address) {
  Fd made = tcp_socket();
  set_nonblocking(made.number(), true);
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(made.number(), to, sizeof address) < 0 && errno != EINPROGRESS) {
    throw std::system_error(errno, std::system_category(), "connect");
  }
  return made;
}

in_port_t local_port(int fd) { return bound_address(fd).sin_port; }

in_port_t peer_port(int fd) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  must(::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length), "getpeername");
  return address.sin_port;
}

sockaddr_in refusing_address(Fd& holder) {
  holder = tcp_socket();
  bind_to_loopback(holder.number());
  return bound_address(holder.number());
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    bytes.remove_prefix(static_cast<std::size_t>(
        must(::write(fd, bytes.data(), bytes.size()), "write")));
  }
}

void send_urgent(int fd, std::string_view bytes) {
  must(::send(fd, bytes.data(), bytes.size(), MSG_OOB | MSG_NOSIGNAL), "send");
}

std::string fill(int fd) {
  const std::string chunk = pattern(4096);
  std::string taken;
  for (;;) {
    const ssize_t count = ::send(fd, chunk.data(), chunk.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EAGAIN) return taken;
      throw std::system_error(errno, std::system_category(), "send");
    }
    taken.append(chunk, 0, static_cast<std::size_t>(count));
  }
}

std::string receive_until_end(int fd) {
  std::string received;
  char chunk[16384];
  for (;;) {
    const ssize_t count = ::read(fd, chunk, sizeof chunk);
    if (count <= 0) return received;
    received.append(chunk, static_cast<std::size_t>(count));
  }
}

std::string receive(int fd, std::size_t bytes) {
  std::string received(bytes, '\0');
  std::size_t filled = 0;
  while (filled < bytes) {
    const ssize_t count = must(::read(fd, received.data() + filled, bytes - filled), "read");
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  received.resize(filled);
  return received;
}

void shutdown_writing(int fd) { must(::shutdown(fd, SHUT_WR), "shutdown"); }

void close_with_reset(Fd& fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  must(::setsockopt(fd.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), "setsockopt");
  fd.reset();
}

void set_buffer_sizes(int fd, int bytes) {
  set_option(fd, SOL_SOCKET, SO_SNDBUF, bytes);
  set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

void set_nonblocking(int fd, bool wanted) {
  const int flags = must(::fcntl(fd, F_GETFL), "fcntl");
  must(::fcntl(fd, F_SETFL, wanted ? flags | O_NONBLOCK : flags & ~O_NONBLOCK), "fcntl");
}

bool is_nonblocking(int fd) { return (must(::fcntl(fd, F_GETFL), "fcntl") & O_NONBLOCK) != 0; }

bool is_close_on_exec(int fd) { return (must(::fcntl(fd, F_GETFD), "fcntl") & FD_CLOEXEC) != 0; }

std::string pattern(std::size_t bytes, unsigned salt) {
  std::string made(bytes, '\0');
  std::uint32_t state = 0x9e3779b9u * (salt + 1u);
  for (char& place : made) {
    state = state * 1664525u + 1013904223u;
    place = static_cast<char>(state >> 24u);
  }
  return made;
}

}  // namespace rota::conformance
