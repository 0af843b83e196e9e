#pragma once

#include <rota/core/operation.hpp>

#include "driver/uring/abi.hpp"

#include <cerrno>
#include <cstdint>

namespace rota::inline v0 {

/// What an entry of the ring was, in the low bits of its user_data; above them is the address of
/// the operation, where there is one.
enum UringTag : std::uint64_t {
  uring_attempt = 0,    ///< the operation itself
  uring_readiness = 1,  ///< a wait until the next attempt is worth making
  uring_cancel = 2,     ///< a cancel: what it hit tells by itself
  uring_wake = 3,       ///< the poll of the eventfd
  uring_linked = 4,     ///< the sync that is linked to a write, or the read to an open
  uring_closing = 5,    ///< the close that is linked to that read
  uring_recall = 6,     ///< a cancel of that read
  uring_tag_mask = 7,
};
static_assert(alignof(Operation) > uring_tag_mask);

/// Operation::driver_bits. Those of different operations may share a place.
enum UringBits : std::uint32_t {
  // Any operation.
  bit_readiness = 1 << 0,      ///< its entry in the kernel waits for readiness
  bit_engine = 1 << 1,         ///< with the file engine, in no list of its Descriptor
  bit_cancel_queued = 1 << 2,  ///< in cancels_
  bit_cancel_sent = 1 << 3,    ///< its cancel is with the kernel
  bit_in_lane = 1 << 5,        ///< came as far as its Descriptor; before that in backlog_

  // On a file.
  bit_may_block = 1 << 6,  ///< it has answered "not yet", or others on it have: a thread of the
                           ///< kernel is to wait

  // Poll.
  bit_nested = 1 << 7,  ///< in an epoll of its own, whose number is above these bits

  // Receive and Stream.
  bit_listed = 1 << 4,    ///< Stream: in finished_
  bit_all_lent = 1 << 8,  ///< the ring has no buffer left, the driver makes the call
  bit_shared = 1 << 14,   ///< Stream of reads: its entry takes parts of shared buffers
  bit_large = 1 << 15,    ///< the same: large ones

  // write_in_place.
  bit_in_place = 1 << 9,  ///< its entry is one, with two completions
  bit_sent = 1 << 10,     ///< it has its count, and waits for the bytes to be let go

  // write_durably_at.
  bit_writes = 1 << 11,  ///< the first of two linked entries is out
  bit_syncs = 1 << 12,   ///< the second is

  // accept, install.
  bit_place = 1 << 13,  ///< it has a place, whose number is above these bits, to give to a
                        ///< connection or to close

  // load.
  bit_opens = 1 << 13,     ///< the first of three linked entries is out
  bit_reads = 1 << 14,     ///< the second is
  bit_closes = 1 << 15,    ///< the third is
  bit_recalls = 1 << 16,   ///< a cancel of its read is out
  bit_recalled = 1 << 17,  ///< one has come back and had not found it
  bit_placed = 1 << 18,    ///< there may be a file in its place
};

/// Where an accept, or an install, keeps the number of its place, above the bits that it may have.
inline constexpr unsigned kPlaceShift = 14;
/// The same of a load.
inline constexpr unsigned kLoadPlaceShift = 19;

/// An accept that may come back with a place.
inline bool wants_place(const Operation& operation) noexcept {
  return operation.code == OpCode::accept && (operation.flags & op_wants_place) != 0;
}

/// What needs no number.
inline bool may_go_by_place(OpCode code) noexcept {
  return is_one_of<OpCode::read, OpCode::write, OpCode::write_in_place, OpCode::read_vector,
                   OpCode::write_vector, OpCode::receive_message, OpCode::send_message,
                   OpCode::shut_down, OpCode::install, OpCode::close>(code);
}

/// What may name its file and its memory by places in tables of the ring (UringFileTable,
/// UringMemoryTable).
inline bool may_name_by_place(OpCode code) noexcept {
  return is_one_of<OpCode::read_at, OpCode::write_at, OpCode::read_vector_at,
                   OpCode::write_vector_at, OpCode::write_durably_at, OpCode::sync,
                   OpCode::sync_data>(code);
}

/// Whether a cancel could end anything of a load: its close ends by itself.
inline bool can_be_cancelled(const Load& load) noexcept {
  return (load.driver_bits & (bit_opens | bit_reads)) != 0;
}

/// How many entries a cancel of it takes.
inline unsigned entries_of_cancel(const Operation& operation) noexcept {
  const bool has_opened =
      operation.code == OpCode::load && (operation.driver_bits & bit_opens) == 0;
  return has_opened ? 2 : 1;
}

inline std::uint64_t user_data_of(Operation& operation, UringTag tag) noexcept {
  return reinterpret_cast<std::uintptr_t>(&operation) | tag;
}

/// Operations on files and on memory end by themselves, soon or late; what waits for a peer may
/// never do.
inline bool ends_by_itself(const Operation& operation) noexcept {
  return is_one_of<OpCode::read_at, OpCode::write_at, OpCode::read_vector_at,
                   OpCode::write_vector_at, OpCode::sync, OpCode::sync_data, OpCode::truncate,
                   OpCode::stat, OpCode::allocate, OpCode::advise, OpCode::lock,
                   OpCode::change_path, OpCode::read_directory, OpCode::splice_in_at,
                   OpCode::splice_out_at, OpCode::copy_range, OpCode::write_durably_at,
                   OpCode::advise_memory>(operation.code);
}

/// What is given up by file where a ring hands it back: most of what is done to files.
inline bool may_be_punted(OpCode code) noexcept {
  return moves_at_offset(code) || code == OpCode::write_durably_at;
}

/// What a file engine can be asked for. What opens a file may wait for whoever opens the other end.
inline bool is_for_files(const Operation& operation) noexcept {
  return is_one_of<OpCode::open, OpCode::load>(operation.code) || ends_by_itself(operation);
}

/// The result of an entry. What a signal has ended on a thread of the kernel may tell so by an
/// errno that programs have no name for (ERESTARTSYS).
inline std::int32_t plain_result(std::int32_t result) noexcept {
  return result == kRestarts ? -EINTR : result;
}

}  // namespace rota::inline v0
