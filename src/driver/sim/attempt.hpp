#pragma once

#include "driver/perform.hpp"

#include <rota/core/operation.hpp>

#include <cstddef>

namespace rota::inline v0 {

/// How an operation of the simulation reaches the kernel: one attempt at a time, and with fewer
/// bytes than it has left where a kernel could be so stingy.

inline bool is_stream(const Operation& operation) noexcept {
  return (operation.flags & op_stream) != 0;
}

/// Whether it is of the kind that a file engine runs: no readiness, no order, no way back.
bool goes_to_files(const Operation& operation) noexcept;

/// Whether it has moved some of its bytes.
bool has_begun(const Operation& operation) noexcept;

/// Whether no other of its Descriptor must be attempted before: it is the first of its lane, or
/// stands in a lane without order.
bool is_next_of_its_lane(const Operation& operation) noexcept;

/// The bytes that a read or write has left; 0 for everything else.
std::size_t bytes_left(const Operation& operation) noexcept;

/// Whether a count below `bytes_left` is possible in life. Datagrams, urgent bytes, counters
/// (eventfd, timerfd), packet pipes and direct I/O move as a whole or not at all, and a pipe
/// takes up to PIPE_BUF in one piece.
bool may_come_short(const Operation& operation) noexcept;

/// The least that an attempt may be asked to move when it may come short.
std::size_t shortest(const Operation& operation) noexcept;

/// Attempts `operation` once, with at most `bytes` where that is below `bytes_left`. Files and
/// what may sleep are waited for; streams answer at once.
Attempt attempt_once(Operation& operation, std::size_t bytes) noexcept;

/// What must hold before an attempt that would block is worth repeating, as poll(2) says it.
short readiness_of(const Operation& operation) noexcept;

}  // namespace rota::inline v0
