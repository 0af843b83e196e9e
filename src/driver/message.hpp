#pragma once

#include <rota/core/operation.hpp>

#include "core/descriptor.hpp"
#include "driver/driver_counters.hpp"
#include "driver/perform.hpp"
#include "driver/socket_calls.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace rota::inline v0 {

/// What most operations are: bytes to or from a socket, without anything special about them. They
/// have a path of their own beside `perform`, with the same meaning, so that a request and its
/// answer cost few instructions beside the two system calls. It is inlined by order: each call is
/// half of what it would save.

[[nodiscard]] inline bool is_plain_message(const Operation& operation) noexcept {
  return is_one_of<OpCode::read, OpCode::write>(operation.code) &&
         (operation.flags & (op_out_of_band | op_peek | op_lends)) == 0 &&
         operation.descriptor->kind == FdKind::socket;
}

[[nodiscard]] inline std::int32_t saturated(std::size_t count) noexcept {
  constexpr std::size_t most = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::min(count, most));
}

/// Whether a short count means "start the rest". A stream is served by whatever came, unless all
/// of it was asked for; a file comes back short at its end only. What is peeked at stays where it
/// is, so that a second look would see the same bytes again.
[[nodiscard]] inline bool wants_the_rest(const Operation& operation) noexcept {
  if ((operation.flags & op_peek) != 0) return false;
  return (operation.flags & op_whole) != 0 ||
         is_one_of<OpCode::read_at, OpCode::write_at>(operation.code);
}

/// Takes the count of one attempt into the transfer.
inline Attempt absorb_count(Transfer& transfer, std::size_t count) noexcept {
  transfer.moved += count;
  transfer.result = saturated(transfer.moved);
  const bool finished = count == 0 || transfer.moved >= transfer.bytes;
  if (finished || !wants_the_rest(transfer)) return Attempt::complete;
  if (!transfer.stopping) return Attempt::again;
  conclude(transfer, -ECANCELED);
  return Attempt::complete;
}

/// `attempt` for a plain message of this code. The kernel cuts what is too long for one call.
template <OpCode code>
[[gnu::always_inline]] inline Attempt attempt_message(Transfer& transfer) noexcept {
  static_assert(is_one_of<OpCode::read, OpCode::write>(code));
  const int fd = transfer.descriptor->fd;
  std::byte* data = transfer.data + transfer.moved;
  const std::size_t bytes = transfer.bytes - transfer.moved;
  const ssize_t count = code == OpCode::read
                            ? receive_bytes(fd, data, bytes, MSG_DONTWAIT)
                            : send_bytes(fd, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count < 0) [[unlikely]] return absorb(transfer, -errno);
  if ((transfer.flags & op_whole) != 0 && static_cast<std::size_t>(count) < bytes) [[unlikely]] {
    return absorb_count(transfer, static_cast<std::size_t>(count));
  }
  transfer.moved += static_cast<std::size_t>(count);
  transfer.result = saturated(transfer.moved);
  return Attempt::complete;
}

/// Whether the read was short where that proves that nothing is left.
[[nodiscard]] [[gnu::always_inline]] inline bool drained_by_message(
    Descriptor& descriptor, const Transfer& read) noexcept {
  return read.moved != 0 && read.moved < read.bytes && short_read_proves_empty(descriptor);
}

/// Makes one attempt, if nothing waits before the operation and the hint does not say that it
/// would block, and takes into the hint what that showed. True: complete.
template <OpCode code>
[[gnu::always_inline]] inline bool try_message(Descriptor& descriptor,
                                               Transfer& transfer) noexcept {
  if (!may_try(descriptor, code)) return false;
  constexpr unsigned direction = code == OpCode::read ? interest_read : interest_write;
  const Attempt outcome = attempt_message<code>(transfer);
  if (outcome == Attempt::complete) {
    if (code == OpCode::read && drained_by_message(descriptor, transfer)) {
      clear_hint(descriptor, direction);
    }
    return true;
  }
  if (outcome == Attempt::would_block) clear_hint(descriptor, direction);
  return false;
}

/// The same for every other operation that has a Descriptor. What moves bytes of a file at an
/// offset is performed to its end, since a second part of it costs a turn of the driver, or a
/// thread.
bool try_other(Operation& operation, DriverCounters& counters) noexcept;

}  // namespace rota::inline v0
