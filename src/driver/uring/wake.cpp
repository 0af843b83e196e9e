#include "driver/uring/wake.hpp"

#include "base/fatal.hpp"
#include "driver/uring/abi.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace rota::inline v0 {

UringWake::~UringWake() {
  if (eventfd_ >= 0) ::close(eventfd_);
}

int UringWake::set_up() noexcept {
  eventfd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return eventfd_ < 0 ? errno : 0;
}

void UringWake::wake() noexcept {
  if (pending_.exchange(true, MemoryOrder::acq_rel)) return;
  if (ring_ >= 0 && send_message(ring_, uring_wake) == 0) return;
  const int saved = errno;
  const std::uint64_t one = 1;
  // The counter would be full after 2^64 - 2 reports; nothing else may go wrong with a number
  // that is open, and a wake that is lost would be a program that hangs.
  if (::write(eventfd_, &one, sizeof one) != sizeof one) fatal("an eventfd refused a wake", errno);
  errno = saved;
}

int UringWake::send_message(int ring, UringTag tag) noexcept {
  io_uring_sqe message{};
  message.opcode = IORING_OP_MSG_RING;
  message.fd = ring;
  message.off = tag;
  message.len = POLLIN;
  message.msg_ring_flags = kMessagePassesFlags;
  message.file_index = IORING_CQE_F_MORE;
  constexpr unsigned no_ring = ~0U;  // of the sender's
  return io_uring_register(no_ring, kRegisterSendMessage, &message, 1);
}

void UringWake::arm(io_uring_sqe& entry) noexcept {
  io_uring_prep_poll_multishot(&entry, eventfd_, POLLIN);
  armed_ = true;
}

}  // namespace rota::inline v0
