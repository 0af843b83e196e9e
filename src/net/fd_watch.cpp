#include <rota/fd_watch.hpp>

#include <poll.h>

namespace rota::inline v0 {

namespace {

Task<Result<void>> wait_once(int fd, PollEvents events) {
  FdWatch watch(fd);
  Result<PollEvents> seen = co_await watch.wait(events);
  Result<void> forgotten = co_await watch.forget();
  if (!seen) co_return std::unexpected(seen.error());
  co_return forgotten;
}

}  // namespace

Task<Result<void>> readable(int fd) { return wait_once(fd, POLLIN); }

Task<Result<void>> writable(int fd) { return wait_once(fd, POLLOUT); }

}  // namespace rota::inline v0
