#include "driver/wake_fd.hpp"

#include "base/fatal.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace rota::inline v0 {

// A wake that is lost hangs the program without a trace, so that a kernel which breaks the contract
// of eventfd ends it.

WakeFd::WakeFd() noexcept
    : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), error_(fd_.valid() ? 0 : errno) {}

void WakeFd::wake() noexcept {
  // Release publishes what the caller did before; acquire is not needed, but the exchange must
  // not be weaker than the answer's, whose clearing it has to see.
  if (signaled_.exchange(true, MemoryOrder::acq_rel)) return;
  const int saved = errno;
  const std::uint64_t one = 1;
  while (::write(fd_.number(), &one, sizeof one) != sizeof one) {
    if (errno != EINTR) fatal("writing to the eventfd of a poller failed", errno);
  }
  errno = saved;
}

void WakeFd::answer_level() noexcept {
  std::uint64_t count = 0;
  while (::read(fd_.number(), &count, sizeof count) != sizeof count) {
    if (errno == EAGAIN) break;  // Already empty: the answer to a report that was stale.
    if (errno != EINTR) fatal("reading the eventfd of a poller failed", errno);
  }
  answer_edge();
}

void WakeFd::answer_edge() noexcept {
  // Acquire takes over what every merged wake published (rule 2).
  signaled_.exchange(false, MemoryOrder::acq_rel);
}

}  // namespace rota::inline v0
