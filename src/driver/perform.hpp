#pragma once

#include <rota/core/operation.hpp>

#include <cstddef>
#include <cstdint>

namespace rota::inline v0 {

/// The one place that knows what EINTR, EAGAIN and short counts mean.

/// What an attempt means for the operation.
enum class Attempt : std::uint8_t {
  complete,     ///< `result` is set
  again,        ///< start the rest of it
  would_block,  ///< wait for readiness first, then start the rest of it
};

/// One system call of `perform`: for who shares out a budget between operations.
Attempt attempt(Operation& operation) noexcept;

/// Performs the operation by its plain system call, without blocking: sockets by MSG_DONTWAIT,
/// file reads and writes by RWF_NOWAIT, everything else by the O_NONBLOCK of its fd. True:
/// complete, `result` is set. False: it would block (what it moved so far is kept in it); wait
/// for readiness, or hand it to a file engine. Every code but those that may sleep whatever the
/// fd says (close, and what is done to files and paths beside reads and writes): those return
/// false.
inline bool perform(Operation& operation) noexcept {
  Attempt outcome = Attempt::again;
  while (outcome == Attempt::again) outcome = attempt(operation);
  return outcome == Attempt::complete;
}

/// The same as `perform`, on a thread that may block; always completes.
void perform_blocking(Operation& operation) noexcept;

/// So many bytes, as far as one system call goes.
[[nodiscard]] inline unsigned bytes_of_call(std::size_t bytes) noexcept {
  constexpr std::size_t most = 0x7ffff000;  // MAX_RW_COUNT of the kernel: what one read(2) moves
  return static_cast<unsigned>(bytes < most ? bytes : most);
}

/// What a transfer has not moved yet, as far as one system call goes.
struct Remainder {
  std::byte* data;
  unsigned bytes;
};
[[nodiscard]] inline Remainder remainder(const Transfer& transfer) noexcept {
  return {transfer.data + transfer.moved, bytes_of_call(transfer.bytes - transfer.moved)};
}

/// Takes the result of one attempt (a count or a negative errno) into the operation.
Attempt absorb(Operation& operation, std::int32_t result) noexcept;

/// Ends an operation that is not attempted again: the bytes it moved if any, else `error`
/// (a negative errno). Success wins; but a transfer of every byte that is not complete has failed,
/// and `moved` tells how far it came.
void conclude(Operation& operation, std::int32_t error) noexcept;

}  // namespace rota::inline v0
