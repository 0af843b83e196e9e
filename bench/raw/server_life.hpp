#pragma once

// What every C++ server under measurement shares: it prints `port N`, and it ends, with status 0,
// on SIGTERM or when its stdin is closed, so that no server outlives the harness that started it.
// Neither needs a thread or a watched descriptor, which would disturb what is measured: a pipe with
// O_ASYNC sends a signal when its other end goes away.

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace rota::bench {

[[noreturn]] inline void fail(const char* what, int error) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(error));
  std::exit(1);
}

inline void end_on_request() {
  struct sigaction action{};
  action.sa_handler = [](int) { ::_exit(0); };
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGIO, &action, nullptr);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
  const int flags = ::fcntl(STDIN_FILENO, F_GETFL);
  // Where stdin is no pipe or terminal, this fails or is never signalled: only SIGTERM is left.
  if (flags >= 0 && ::fcntl(STDIN_FILENO, F_SETOWN, ::getpid()) == 0) {
    ::fcntl(STDIN_FILENO, F_SETFL, flags | O_ASYNC);
  }
}

inline void announce_port(std::uint16_t port) {
  end_on_request();
  std::printf("port %u\n", static_cast<unsigned>(port));
  std::fflush(stdout);
}

/// A non-blocking listening socket on 127.0.0.1, any port, already announced. TCP_NODELAY is
/// inherited by what it accepts.
inline int listen_and_announce() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) fail("socket", errno);
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd, generic, length) != 0) fail("bind", errno);
  if (::listen(fd, SOMAXCONN) != 0) fail("listen", errno);
  if (::getsockname(fd, generic, &length) != 0) fail("getsockname", errno);
  announce_port(ntohs(address.sin_port));
  return fd;
}

}  // namespace rota::bench
