#include "connect.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace rota::cli {

namespace {

/// With a full accept queue, loopback drops the SYN and connect waits for minutes.
constexpr timeval connect_patience{.tv_sec = 5, .tv_usec = 0};

std::string explain_socket_error(int error) {
  std::string text = std::string("cannot open a socket: ") + std::strerror(error);
  rlimit limit{};
  if (error == EMFILE && ::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    text += "; this process may have " + std::to_string(limit.rlim_cur) +
            " descriptors: use fewer connections or raise `ulimit -n`";
  }
  return text;
}

std::string explain_connect_error(int error, std::uint16_t port) {
  const std::string where = "127.0.0.1:" + std::to_string(port);
  if (error == ECONNREFUSED) return "nobody listens on " + where + " (connection refused)";
  if (error == EINPROGRESS || error == EAGAIN) {
    return "no connection to " + where + " within 5 s: the server does not accept";
  }
  return "cannot connect to " + where + ": " + std::strerror(error);
}

}  // namespace

std::expected<int, std::string> connect_loopback(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return std::unexpected(explain_socket_error(errno));
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &connect_patience, sizeof connect_patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
    const int error = errno;
    ::close(fd);
    return std::unexpected(explain_connect_error(error, port));
  }
  return fd;
}

}  // namespace rota::cli
