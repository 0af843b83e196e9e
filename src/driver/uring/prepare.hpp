#pragma once

#include <rota/core/operation.hpp>

#include "core/descriptor.hpp"
#include "driver/lender.hpp"
#include "driver/perform.hpp"
#include "driver/uring/abi.hpp"
#include "driver/uring/bits.hpp"
#include "driver/uring/request.hpp"

#include <sys/socket.h>

namespace rota::inline v0 {

/// Writes the next attempt of an operation into an empty submission entry. `message` serves as the
/// header of a vectored transfer on a socket; the kernel copies it at submission.
void prepare(io_uring_sqe& entry, Operation& operation, msghdr& message) noexcept;

/// The part of it that serves a Transfer on a socket.
inline void prepare_message(io_uring_sqe& entry, const Transfer& transfer, int flags) noexcept {
  const Remainder rest = remainder(transfer);
  const bool reads = transfer.code == OpCode::read;
  entry.opcode = reads ? IORING_OP_RECV : IORING_OP_SEND;
  entry.fd = transfer.descriptor->fd;
  entry.addr = reinterpret_cast<std::uintptr_t>(rest.data);
  entry.len = rest.bytes;
  entry.msg_flags = static_cast<std::uint32_t>(reads ? flags : flags | MSG_NOSIGNAL);
}

/// The part of it that serves a Transfer at an offset.
inline void prepare_at(io_uring_sqe& entry, const Transfer& transfer) noexcept {
  const Remainder rest = remainder(transfer);
  entry.opcode = transfer.code == OpCode::read_at ? IORING_OP_READ : IORING_OP_WRITE;
  entry.fd = transfer.descriptor->fd;
  entry.off = transfer.offset + transfer.moved;
  entry.addr = reinterpret_cast<std::uintptr_t>(rest.data);
  entry.len = rest.bytes;
}

/// The three entries of a load, whose file has this place in the ring's table meanwhile.
struct LoadEntries {
  io_uring_sqe& open;
  io_uring_sqe& read;
  io_uring_sqe& close;
};
void prepare_load(const LoadEntries& entries, Load& load, std::int32_t place) noexcept;

/// Has the entry, which is prepared, use the place of a Descriptor that has no number.
inline void use_place(io_uring_sqe& entry, const Descriptor& placed) noexcept {
  entry.fd = placed.driver_index;
  entry.flags |= IOSQE_FIXED_FILE;
}

/// Whether its entry differs from that of others: the number is not there, or need not be.
[[nodiscard]] inline bool concerns_place(const Operation& operation) noexcept {
  return wants_place(operation) ||
         (operation.descriptor != nullptr && operation.descriptor->placed);
}

/// A read into the buffer of this size that the kernel takes from those that are offered.
void prepare_receive(io_uring_sqe& entry, const Receive& receive, LentSize size) noexcept;

/// A Stream of bytes as one request that completes for all that comes, with buffers of this group.
void prepare_receive_ahead(io_uring_sqe& entry, const Operation& stream,
                           std::uint16_t group) noexcept;

/// A send from where the bytes lie. It completes twice: with a count, and when they are let go.
void prepare_send_in_place(io_uring_sqe& entry, const Transfer& transfer) noexcept;

/// A Stream of connections as one request that completes for each of them.
void prepare_accept_multishot(io_uring_sqe& entry, const Operation& operation) noexcept;

/// What was prepared is not to be done.
inline void make_void(io_uring_sqe& entry) noexcept {
  entry = io_uring_sqe{};
  io_uring_prep_nop(&entry);
  io_uring_sqe_set_data64(&entry, uring_cancel);
}

/// A wait until the operation's next attempt is worth making.
void prepare_readiness(io_uring_sqe& entry, const Operation& operation) noexcept;

/// What the ring has no call for: the driver waits for readiness in the ring, and then makes the
/// plain system call, which does not block. One that takes many messages costs less than an entry
/// and a completion for each of them; a receive that completes for every message needs buffers that
/// are the ring's.
[[nodiscard]] inline bool is_performed_here(OpCode code) noexcept {
  return is_one_of<OpCode::receive_batch, OpCode::send_batch>(code);
}

/// Whether the next attempt has a priority: a sync has none.
[[nodiscard]] inline bool has_priority(const Operation& operation) noexcept {
  if (moves_at_offset(operation.code)) return true;
  if (operation.code != OpCode::write_durably_at) return false;
  const auto& transfer = static_cast<const Transfer&>(operation);
  return transfer.moved < transfer.bytes;
}

/// Whether readiness is waited for before the first attempt: what is the kernel's thread's would
/// keep that thread for as long as it has nothing to do.
[[nodiscard]] inline bool waits_first(OpCode code) noexcept {
  return is_performed_here(code) || is_one_of<OpCode::splice_in, OpCode::splice_out>(code);
}

/// To a ring an offset of -1 is the position of the open file. The plain call refuses it.
[[nodiscard]] bool has_no_offset(const Operation& operation) noexcept;

/// What the ring must be able to do for this operation, 0 when every ring can. What it cannot is
/// a file engine's.
[[nodiscard]] std::uint32_t ability_for(const Operation& operation) noexcept;
[[nodiscard]] inline std::uint32_t needed_ability(const Operation& operation) noexcept {
  const bool may_lack =
      is_one_of<OpCode::truncate, OpCode::advise, OpCode::lock, OpCode::stat, OpCode::change_path,
                OpCode::read_directory, OpCode::copy_range, OpCode::advise_memory,
                OpCode::futex_wait>(operation.code);
  return may_lack ? ability_for(operation) : 0;
}

}  // namespace rota::inline v0
