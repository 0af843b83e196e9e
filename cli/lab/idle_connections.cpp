#include "idle_connections.hpp"

#include "cli/load/connect.hpp"
#include "cli/load/interrupt.hpp"
#include "cli/load/monotonic.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace rota::cli {
namespace {

constexpr std::size_t message_bytes = 64;
/// For the answer of a server that is alive.
constexpr std::uint64_t patience_ns = 5 * ns_per_s;
/// How long an interrupt may go unseen.
constexpr int poll_ms = 100;
/// What a process has open beside its connections, with room to spare.
constexpr std::uint64_t other_descriptors = 64;

}  // namespace

IdleConnections::~IdleConnections() {
  for (const int fd : fds_) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd);
  }
}

std::expected<void, std::string> IdleConnections::add(std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto fd = connect_loopback(port_);
    if (!fd) return std::unexpected(fd.error());
    fds_.push_back(*fd);
    if (auto echoed = echo_once(*fd); !echoed) {
      return std::unexpected("connection " + std::to_string(fds_.size()) + ": " + echoed.error());
    }
  }
  return {};
}

std::expected<void, std::string> IdleConnections::echo_once(int fd) const {
  std::array<char, message_bytes> message{};
  const auto put = ::send(fd, message.data(), message.size(), MSG_NOSIGNAL);
  if (put != static_cast<ssize_t>(message.size())) return std::unexpected("it was not sent");
  const std::uint64_t until_ns = monotonic_ns() + patience_ns;
  for (std::size_t got = 0; got < message.size();) {
    if (interrupted()) return std::unexpected("interrupted");
    if (monotonic_ns() > until_ns) return std::unexpected("the server did not answer within 5 s");
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, poll_ms) <= 0) continue;
    const ssize_t bytes = ::recv(fd, message.data(), message.size(), 0);
    if (bytes == 0) return std::unexpected("the server closed it");
    if (bytes < 0 && errno != EINTR) return std::unexpected(std::strerror(errno));
    if (bytes > 0) got += static_cast<std::size_t>(bytes);
  }
  return {};
}

void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string refusal_of_connections(std::uint32_t count) {
  rlimit limit{};
  const std::uint64_t needed = count + other_descriptors;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return {};
  return std::to_string(count) + " connections take " + std::to_string(needed) +
         " descriptors, and the hard limit of RLIMIT_NOFILE is " + std::to_string(limit.rlim_cur) +
         ": raise it (ulimit -Hn), or ask for fewer with --connections";
}

}  // namespace rota::cli
