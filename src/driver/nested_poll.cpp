#include "driver/nested_poll.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>

namespace rota::inline v0 {

bool needs_nested_poll(std::uint32_t events) noexcept { return (events & EPOLLPRI) != 0; }

int open_nested_poll(int fd, std::uint32_t events) noexcept {
  const int nested = ::epoll_create1(EPOLL_CLOEXEC);
  if (nested < 0) return -errno;
  epoll_event wanted{};
  wanted.events = events;  // The numbers of poll(2) and of epoll are the same.
  if (::epoll_ctl(nested, EPOLL_CTL_ADD, fd, &wanted) == 0) return nested;
  const int error = errno;
  ::close(nested);
  return -error;
}

std::uint32_t nested_events(int nested) noexcept {
  epoll_event seen{};
  return ::epoll_wait(nested, &seen, 1, 0) == 1 ? seen.events : 0;
}

void close_nested_poll(int nested) noexcept { ::close(nested); }

}  // namespace rota::inline v0
