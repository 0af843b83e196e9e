#include "driver/sim/world.hpp"

#include <sys/socket.h>

#include <algorithm>

namespace rota::inline v0 {

namespace {

bool reaches_network(const pollfd& polled) noexcept {
  int domain = AF_UNIX;
  socklen_t length = sizeof domain;
  return ::getsockopt(polled.fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain != AF_UNIX;
}

}  // namespace

bool network_comes_first(std::span<pollfd> polled, int grace_ms) noexcept {
  return std::ranges::any_of(polled, reaches_network) &&
         ::poll(polled.data(), polled.size(), grace_ms) > 0;
}

}  // namespace rota::inline v0
