#include "core/descriptor.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace rota::inline v0 {
namespace {

/// Only TCP promises that a short read leaves nothing behind. Datagrams and pipes with packets
/// end each read early, and Unix sockets end one where the sender or its passed fds change.
bool is_tcp(int fd) noexcept {
  int protocol = 0;
  socklen_t bytes = sizeof protocol;
  return ::getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &bytes) == 0 &&
         protocol == IPPROTO_TCP;
}

std::size_t requested_bytes(const Operation& operation) noexcept {
  if (operation.code == OpCode::read) return static_cast<const Transfer&>(operation).bytes;
  const auto& transfer = static_cast<const VectorTransfer&>(operation);
  std::size_t sum = 0;
  for (std::uint32_t i = 0; i < transfer.count; ++i) sum += transfer.parts[i].iov_len;
  return sum;
}

/// What was peeked at is still there, and urgent data is not in the stream.
bool was_short_read(const Operation& operation) noexcept {
  if (operation.code != OpCode::read && operation.code != OpCode::read_vector) return false;
  if ((operation.flags & (op_peek | op_out_of_band)) != 0 || operation.result <= 0) return false;
  return static_cast<std::size_t>(operation.result) < requested_bytes(operation);
}

}  // namespace

void ask_short_read(Descriptor& descriptor) noexcept {
  const bool stream = descriptor.kind == FdKind::socket && is_tcp(descriptor.fd);
  descriptor.short_read = stream ? ShortRead::proves_empty : ShortRead::proves_nothing;
}

bool drained_by(Descriptor& descriptor, const Operation& read) noexcept {
  return was_short_read(read) && short_read_proves_empty(descriptor);
}

std::uint8_t interest_of_poll(const Poll& poll) noexcept {
  unsigned interest = interest_error;
  if ((poll.events & (POLLIN | POLLRDNORM | POLLRDBAND)) != 0) interest |= interest_read;
  if ((poll.events & (POLLOUT | POLLWRNORM | POLLWRBAND)) != 0) interest |= interest_write;
  if ((poll.events & POLLPRI) != 0) interest |= interest_priority;
  if ((poll.events & POLLRDHUP) != 0) interest |= interest_hang_up;
  return static_cast<std::uint8_t>(interest);
}

}  // namespace rota::inline v0
