#pragma once

#include <rota/core/operation.hpp>

#include "driver/uring_request.hpp"

#include <sys/socket.h>

struct io_uring_sqe;

namespace rota::inline v0 {

/// Writes the next attempt of an operation into a submission entry. `message` serves as the
/// header of a vectored transfer on a socket; the kernel copies it at submission.
void prepare(io_uring_sqe& entry, Operation& operation, msghdr& message) noexcept;

/// A Stream of connections as one request that completes for each of them.
void prepare_accept_multishot(io_uring_sqe& entry, const Operation& operation) noexcept;

/// A wait until the operation's next attempt is worth making.
void prepare_readiness(io_uring_sqe& entry, const Operation& operation) noexcept;

/// What the ring must be able to do for this operation, 0 when every ring can. What it cannot is
/// a file engine's.
[[nodiscard]] inline std::uint8_t needed_ability(const Operation& operation) noexcept {
  return operation.code == OpCode::truncate ? ring_truncates : 0;
}

}  // namespace rota::inline v0
