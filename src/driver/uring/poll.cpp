#include "driver/uring/uring.hpp"

#include <rota/core/platform.hpp>

#include "driver/nested_poll.hpp"
#include "driver/perform.hpp"
#include "driver/uring/bits.hpp"

#include <poll.h>

#include <cerrno>

namespace rota::inline v0 {
namespace {

/// Where the number of the nested poll is kept, above the bits that a poll may have.
constexpr unsigned kNestedShift = 11;
constexpr int kMostNested = (1 << (32 - kNestedShift)) - 1;

int nested_of(const Poll& poll) noexcept {
  return static_cast<int>(poll.driver_bits >> kNestedShift);
}

}  // namespace

/// Starts a poll again, or for the first time, in an epoll instance of its own.
void UringDriver::launch_nested(Poll& poll) {
  if ((poll.driver_bits & bit_nested) == 0) {
    int nested = open_nested_poll(poll.descriptor->fd, poll.events);
    if (nested > kMostNested) {
      close_nested_poll(nested);
      nested = -EMFILE;
    }
    if (nested < 0) {
      // What epoll cannot watch is a file: always ready, as poll(2) says.
      constexpr std::uint32_t always = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
      const bool is_file = nested == nested_poll_of_file;
      poll.result = is_file ? static_cast<std::int32_t>(poll.events & always) : nested;
      return complete(poll);
    }
    poll.driver_bits |= bit_nested | (static_cast<std::uint32_t>(nested) << kNestedShift);
  }
  io_uring_sqe& entry = ring_.next_entry();
  io_uring_prep_poll_add(&entry, nested_of(poll), POLLIN);
  release_by_kernel(&poll);
  io_uring_sqe_set_data64(&entry, user_data_of(poll, uring_attempt));
}

void UringDriver::on_poll(Poll& poll, std::int32_t result) {
  constexpr std::uint32_t always = POLLERR | POLLHUP | POLLNVAL;
  const bool is_nested = (poll.driver_bits & bit_nested) != 0;
  if (result >= 0 && is_nested) result = nested_events(nested_of(poll));
  if (result >= 0) {
    const auto seen = static_cast<std::uint32_t>(result);
    result = static_cast<std::int32_t>(seen & (poll.events | always));
    if (result == 0 && poll.stopping) result = -ECANCELED;
    if (result == 0) return launch_nested(poll);
  }
  switch (absorb(poll, result)) {
    case Attempt::complete: return end_poll(poll);
    case Attempt::again:
    case Attempt::would_block: return launch_nested(poll);
  }
}

void UringDriver::end_poll(Poll& poll) {
  if ((poll.driver_bits & bit_nested) != 0) close_nested_poll(nested_of(poll));
  complete(poll);
}

}  // namespace rota::inline v0
