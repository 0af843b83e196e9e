#include "driver/shared_stream.hpp"

#include <rota/core/lent_buffer.hpp>

#include "driver/message.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace rota::inline v0 {
namespace {

using Bytes = std::span<std::byte>;

std::size_t copy(Bytes from, void* into, std::size_t room) noexcept {
  const std::size_t bytes = std::min(from.size(), room);
  if (bytes != 0) std::memcpy(into, from.data(), bytes);
  return bytes;
}

std::size_t scatter(Bytes from, const VectorTransfer& read) noexcept {
  std::size_t copied = 0;
  for (const iovec& part : std::span<iovec>(read.parts, read.count)) {
    copied += copy(from.subspan(copied), part.iov_base, part.iov_len);
  }
  return copied;
}

/// The pipe is empty, and nobody else's: it takes at least a page at once.
std::int32_t put(Bytes from, const Splice& splice) noexcept {
  const std::size_t bytes = std::min<std::size_t>(from.size(), splice.bytes);
  const ssize_t put = ::write(splice.pipe, from.data(), bytes);
  return put < 0 ? -errno : static_cast<std::int32_t>(put);
}

void use_up(StreamResult& came, std::size_t bytes) noexcept {
  came.offset += static_cast<std::uint32_t>(bytes);
  came.result -= static_cast<std::int32_t>(bytes);
  if (came.result == 0) give_back(*std::exchange(came.lease, nullptr));
}

void hand_over(StreamResult& came, Receive& receive) noexcept {
  receive.buffer = std::exchange(came.lease, nullptr);
  receive.data = receive.buffer->memory + came.offset;
  receive.bytes = receive.moved = static_cast<std::size_t>(came.result);
  receive.result = came.result;
}

}  // namespace

bool take_bytes(Operation& read, StreamResult& came) noexcept {
  if ((read.flags & op_lends) != 0) {
    hand_over(came, static_cast<Receive&>(read));
    return true;
  }
  const Bytes bytes(came.lease->memory + came.offset, static_cast<std::size_t>(came.result));
  if (read.code == OpCode::read) {
    auto& transfer = static_cast<Transfer&>(read);
    const std::size_t copied =
        copy(bytes, transfer.data + transfer.moved, transfer.bytes - transfer.moved);
    if ((read.flags & op_peek) == 0) use_up(came, copied);
    return absorb_count(transfer, copied) == Attempt::complete;
  }
  if (read.code == OpCode::read_vector) {
    read.result = saturated(scatter(bytes, static_cast<VectorTransfer&>(read)));
  } else {
    read.result = put(bytes, static_cast<Splice&>(read));
  }
  if (read.result > 0) use_up(came, static_cast<std::size_t>(read.result));
  return true;
}

}  // namespace rota::inline v0
