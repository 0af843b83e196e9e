#include "driver/nested_poll.hpp"

#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace rota::inline v0 {
namespace {

/// Of what epoll answers EPERM to, as a filter may to anything: these it can always watch.
bool is_watchable(int fd) noexcept {
  struct stat about{};
  return ::fstat(fd, &about) == 0 && (S_ISSOCK(about.st_mode) || S_ISFIFO(about.st_mode));
}

}  // namespace

bool needs_nested_poll(std::uint32_t events) noexcept { return (events & EPOLLPRI) != 0; }

int open_nested_poll(int fd, std::uint32_t events) noexcept {
  const int nested = ::epoll_create1(EPOLL_CLOEXEC);
  if (nested < 0) return -errno;
  epoll_event wanted{};
  wanted.events = events;  // The numbers of poll(2) and of epoll are the same.
  if (::epoll_ctl(nested, EPOLL_CTL_ADD, fd, &wanted) == 0) return nested;
  const int error = errno;
  ::close(nested);
  return error == EPERM && !is_watchable(fd) ? nested_poll_of_file : -error;
}

std::int32_t nested_events(int nested) noexcept {
  epoll_event seen{};
  const int count = ::epoll_wait(nested, &seen, 1, 0);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  return count == 0 ? 0 : static_cast<std::int32_t>(seen.events);
}

void close_nested_poll(int nested) noexcept { ::close(nested); }

}  // namespace rota::inline v0
