#pragma once

#include "conformance/fd.hpp"

#include <netinet/in.h>

#include <string>
#include <string_view>

namespace rota::conformance {

/// Plain system calls for the ends that no driver holds. All sockets block and are of the
/// loopback interface; every call that fails throws std::system_error with its name.

struct Listener {
  Fd socket;
  sockaddr_in address;
};

Listener tcp_listener(int backlog);
Fd tcp_socket();
/// A connected TCP pair, TCP_NODELAY on both ends.
FdPair tcp_pair();
FdPair unix_pair();
/// Two Unix sockets of which each send is a message.
FdPair datagram_pair();
struct UdpSocket {
  Fd socket;
  sockaddr_in address;
};
/// Bound to a port of the loopback interface.
UdpSocket udp_socket();
/// `near` reads, `far` writes.
FdPair pipe_pair();

/// A blocking connect from a new socket.
Fd connect_to(const sockaddr_in& address);
/// A connect that is started and not waited for.
Fd begin_connect_to(const sockaddr_in& address);
/// The port of the socket's own end, and of its peer's.
in_port_t local_port(int fd);
in_port_t peer_port(int fd);
/// An address of this host at which nobody listens; it stays so while `holder` lives.
sockaddr_in refusing_address(Fd& holder);

/// Writes all of it.
void send_all(int fd, std::string_view bytes);
/// Sends the last byte of `bytes` as urgent data.
void send_urgent(int fd, std::string_view bytes);
/// Writes until the kernel takes no more; yields what it took.
std::string fill(int fd);
/// Reads until the end of the stream; an error ends it too.
std::string receive_until_end(int fd);
/// Reads exactly so many bytes, fewer only at the end of the stream.
std::string receive(int fd, std::size_t bytes);
void shutdown_writing(int fd);
/// Closes so that the peer gets a reset.
void close_with_reset(Fd& fd);
void set_buffer_sizes(int fd, int bytes);
void set_nonblocking(int fd, bool wanted);
bool is_nonblocking(int fd);
bool is_close_on_exec(int fd);

/// `bytes` bytes of which no two places near each other look alike.
std::string pattern(std::size_t bytes, unsigned salt = 0);

}  // namespace rota::conformance
