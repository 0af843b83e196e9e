#include "driver/sim/attempt.hpp"

#include "core/descriptor.hpp"
#include "driver/lending.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace rota::inline v0 {
namespace {

/// A shortened vector has at most this many parts: it only must be shorter than what was asked.
constexpr std::size_t kShortParts = 8;

bool moves_bytes(OpCode code) noexcept {
  switch (code) {
    case OpCode::read:
    case OpCode::write:
    case OpCode::write_in_place:
    case OpCode::read_at:
    case OpCode::write_at:
    case OpCode::write_durably_at:
      return true;
    default:
      return false;
  }
}

bool moves_vector(OpCode code) noexcept {
  switch (code) {
    case OpCode::read_vector:
    case OpCode::write_vector:
    case OpCode::read_vector_at:
    case OpCode::write_vector_at:
      return true;
    default:
      return false;
  }
}

bool splices(OpCode code) noexcept {
  return is_one_of<OpCode::splice_in, OpCode::splice_out, OpCode::splice_in_at,
                   OpCode::splice_out_at>(code);
}

bool writes_bytes(OpCode code) noexcept {
  return is_one_of<OpCode::write, OpCode::write_in_place, OpCode::write_vector>(code);
}

/// Whether the attempt runs to its end instead of answering "would block".
bool runs_to_end(const Operation& operation) noexcept {
  if (goes_to_files(operation)) return true;
  return operation.descriptor != nullptr && operation.code != OpCode::poll &&
         operation.descriptor->kind == FdKind::file;
}

/// Time to linger passes at once where time is virtual. What was not sent the kernel still sends.
void end_lingering(int fd) noexcept {
  constexpr linger off{.l_onoff = 0, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
}

/// One system call, or for what runs to its end as many as it takes.
Attempt attempt_in_full(Operation& operation) noexcept {
  if (!runs_to_end(operation)) return attempt(operation);
  if (operation.code == OpCode::close && operation.descriptor->lingers &&
      (operation.flags & op_keep_fd) == 0) {
    end_lingering(operation.descriptor->fd);
  }
  perform_blocking(operation);
  return Attempt::complete;
}

/// Hands what an attempt of a part achieved to the whole, which knows whether there is a rest.
Attempt take_over(Operation& whole, const Operation& part, Attempt outcome,
                  std::size_t moved) noexcept {
  if (outcome == Attempt::complete) return absorb(whole, part.result);
  if (moved > 0) return absorb(whole, static_cast<std::int32_t>(moved));
  return absorb(whole, outcome == Attempt::again ? -EINTR : -EAGAIN);
}

/// What a part came to before it failed is its result, and the next attempt tells the error. A part
/// of a write that is made durable is only written.
Attempt attempt_part(Transfer& whole, std::size_t bytes) noexcept {
  const bool is_durable = whole.code == OpCode::write_durably_at;
  const OpCode code = is_durable ? OpCode::write_at : whole.code;
  Transfer part(code, whole.data + whole.moved, bytes, whole.offset + whole.moved);
  part.descriptor = whole.descriptor;
  part.flags = static_cast<std::uint8_t>(whole.flags & ~unsigned{op_whole});
  const Attempt outcome = attempt_in_full(part);
  return take_over(whole, part, outcome, part.moved);
}

/// Of a buffer that is lent for the attempt.
Attempt attempt_part(Receive& whole, std::size_t bytes) noexcept {
  if (!borrow(whole)) return absorb(whole, -ENOMEM);
  Transfer part(OpCode::read, whole.data, std::min(bytes, whole.bytes));
  part.descriptor = whole.descriptor;
  const Attempt outcome = attempt_in_full(part);
  if (outcome == Attempt::complete && part.result > 0) {
    note_received(*whole.descriptor, static_cast<std::uint32_t>(part.result),
                  whole.buffer->bytes);
  } else {
    return_unused(whole);
  }
  return take_over(whole, part, outcome, part.moved);
}

Attempt attempt_part(VectorTransfer& whole, std::size_t bytes) noexcept {
  std::array<iovec, kShortParts> parts;
  std::uint32_t count = 0;
  for (; count < whole.count && count < kShortParts && bytes > 0; ++count) {
    const iovec& source = whole.parts[count];
    parts[count] = {source.iov_base, std::min(source.iov_len, bytes)};
    bytes -= parts[count].iov_len;
  }
  VectorTransfer part(whole.code, parts.data(), count, whole.offset);
  part.descriptor = whole.descriptor;
  part.flags = whole.flags;
  return take_over(whole, part, attempt_in_full(part), 0);
}

Attempt attempt_part(Splice& whole, std::size_t bytes) noexcept {
  Splice part(whole.code, whole.pipe, static_cast<std::uint32_t>(bytes), whole.offset);
  part.descriptor = whole.descriptor;
  return take_over(whole, part, attempt_in_full(part), 0);
}

Attempt attempt_part(CopyRange& whole, std::size_t bytes) noexcept {
  CopyRange part(whole.target, whole.offset, whole.target_offset,
                 static_cast<std::uint32_t>(bytes));
  part.descriptor = whole.descriptor;
  return take_over(whole, part, attempt_in_full(part), 0);
}

bool is_byte_stream_socket(int fd) noexcept {
  int type = 0;
  socklen_t length = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

}  // namespace

bool goes_to_files(const Operation& operation) noexcept {
  if (operation.descriptor == nullptr) return operation.code != OpCode::futex_wait;
  return lane_of(*operation.descriptor, operation.code) == &operation.descriptor->unordered;
}

bool has_begun(const Operation& operation) noexcept {
  return moves_bytes(operation.code) && static_cast<const Transfer&>(operation).moved > 0;
}

std::size_t bytes_left(const Operation& operation) noexcept {
  if ((operation.flags & op_lends) != 0) return bytes_of(lent_size(*operation.descriptor));
  if (moves_bytes(operation.code)) {
    const auto& transfer = static_cast<const Transfer&>(operation);
    return transfer.bytes - transfer.moved;
  }
  if (splices(operation.code)) return static_cast<const Splice&>(operation).bytes;
  if (operation.code == OpCode::copy_range) return static_cast<const CopyRange&>(operation).bytes;
  std::size_t sum = 0;
  if (moves_vector(operation.code)) {
    const auto& transfer = static_cast<const VectorTransfer&>(operation);
    for (std::uint32_t i = 0; i < transfer.count; ++i) sum += transfer.parts[i].iov_len;
  }
  return sum;
}

bool may_come_short(const Operation& operation) noexcept {
  if ((operation.flags & op_out_of_band) != 0) return false;
  const int fd = operation.descriptor->fd;
  struct stat about {};
  if (::fstat(fd, &about) != 0) return false;
  if (S_ISSOCK(about.st_mode)) return is_byte_stream_socket(fd);
  if (!S_ISREG(about.st_mode) && !S_ISFIFO(about.st_mode)) return false;
  const int status = ::fcntl(fd, F_GETFL);
  return status >= 0 && (status & O_DIRECT) == 0;
}

std::size_t shortest(const Operation& operation) noexcept {
  const FdKind kind = operation.descriptor->kind;
  const bool may_be_pipe = kind == FdKind::stream || kind == FdKind::shared;
  return may_be_pipe && writes_bytes(operation.code) ? PIPE_BUF : 1;
}

Attempt attempt_once(Operation& operation, std::size_t bytes) noexcept {
  const bool syncs_later = operation.code == OpCode::write_durably_at && bytes > 0;
  if (bytes >= bytes_left(operation) && !syncs_later) return attempt_in_full(operation);
  if ((operation.flags & op_lends) != 0) {
    return attempt_part(static_cast<Receive&>(operation), bytes);
  }
  if (moves_bytes(operation.code)) return attempt_part(static_cast<Transfer&>(operation), bytes);
  if (splices(operation.code)) return attempt_part(static_cast<Splice&>(operation), bytes);
  if (operation.code == OpCode::copy_range) {
    return attempt_part(static_cast<CopyRange&>(operation), bytes);
  }
  return attempt_part(static_cast<VectorTransfer&>(operation), bytes);
}

bool is_next_of_its_lane(const Operation& operation) noexcept {
  if (operation.descriptor == nullptr || operation.code == OpCode::close) return true;
  Descriptor& descriptor = *operation.descriptor;
  if (is_stream(operation)) return descriptor.streaming == &operation;
  const OpList* lane = lane_of(descriptor, operation.code);
  if (lane == &descriptor.polls || lane == &descriptor.unordered) return true;
  if (lane == &descriptor.reading && descriptor.streaming != nullptr) return false;
  return lane->front() == &operation;
}

short readiness_of(const Operation& operation) noexcept {
  if (operation.code == OpCode::poll) {
    return static_cast<short>(static_cast<const Poll&>(operation).events);
  }
  const OpList* lane = lane_of(*operation.descriptor, operation.code);
  if (lane == &operation.descriptor->writing) return POLLOUT;
  return (operation.flags & op_out_of_band) != 0 ? POLLPRI : POLLIN;
}

}  // namespace rota::inline v0
