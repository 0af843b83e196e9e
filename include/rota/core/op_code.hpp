#pragma once

#include <cstdint>

namespace rota::inline v0 {

/// What is asked of a driver. The operands of each code are in the struct named beside it.
enum class OpCode : std::uint8_t {
  poll,             ///< Poll: wait until one of the events holds; the result is the events seen
  read,             ///< Transfer: from a stream; 0 is its end. Receive, with op_lends. Stream: of
                    ///< every Receive to come
  write,            ///< Transfer: to a stream
  write_in_place,   ///< Transfer: to a socket, from where the bytes lie, without a copy where the
                    ///< mechanism can; complete when nobody reads them there any more
  read_vector,      ///< VectorTransfer: from a stream
  write_vector,     ///< VectorTransfer: to a stream
  accept,           ///< Operation: one connection; Stream: every connection. The result is the fd,
                    ///< or with op_wants_place a place, which `result_flags` says
  connect,          ///< Connect
  receive_message,  ///< Message: one datagram, or bytes with what goes beside them
  send_message,     ///< Message
  receive_batch,    ///< MessageBatch: as many datagrams as there are; the result is their count
  send_batch,       ///< MessageBatch: from the first on, as many as there is room for
  shut_down,        ///< ShutDown: ends a half of a connection, at once
  install,          ///< Operation: what has a place is given a number instead, which is the result
                    ///< and the Descriptor's from then on; what has a number keeps it
  splice_in,        ///< Splice: from a stream into a pipe; 0 is its end
  splice_out,       ///< Splice: from a pipe to a stream
  wait_child,       ///< ChildWait: until the process of a pidfd has ended, whose status it takes
  read_at,          ///< Transfer: from a file; ends short at the end of the file only
  write_at,         ///< Transfer: to a file
  write_durably_at, ///< Transfer, with op_whole: to a file, and what it wrote to the device
  read_vector_at,   ///< VectorTransfer: from a file
  write_vector_at,  ///< VectorTransfer: to a file
  splice_in_at,     ///< Splice: from a file into a pipe; 0 is its end
  splice_out_at,    ///< Splice: from a pipe to a file
  copy_range,       ///< CopyRange: from a file to a file; 0 is the end that it is known to have
  sync,             ///< Operation: fsync
  sync_data,        ///< Operation: fdatasync
  truncate,         ///< Truncate
  allocate,         ///< FileRange: fallocate; `how` is its mode
  advise,           ///< FileRange: posix_fadvise; `how` is the advice
  lock,             ///< FileRange: of the open file description; `how` is F_RDLCK, F_WRLCK or
                    ///< F_UNLCK; the result is 0 or kLockTaken
  stat,             ///< Stat: of the Descriptor, or of what a path names from there on
  open,             ///< Open; the result is the fd
  load,             ///< Load: opens a file, reads once from its beginning on and closes it; the
                    ///< result is the count
  change_path,      ///< PathChange
  read_directory,   ///< Transfer: entries as getdents64(2) lays them out; 0 is the end
  advise_memory,    ///< MemoryRange: madvise; `how` is the advice. No Descriptor
  futex_wait,       ///< FutexWait: until somebody wakes the word, or its value is another. No
                    ///< Descriptor
  close,            ///< Operation: ends what is in flight on the Descriptor, then closes its fd
};

/// A set of codes, so that a question about a code is one test of a bit.
template <OpCode... Codes>
[[nodiscard]] constexpr bool is_one_of(OpCode code) noexcept {
  constexpr std::uint64_t set = ((std::uint64_t{1} << static_cast<unsigned>(Codes)) | ...);
  return ((set >> static_cast<unsigned>(code)) & 1) != 0;
}
/// What takes from a stream, in order.
[[nodiscard]] constexpr bool reads_stream(OpCode code) noexcept {
  return is_one_of<OpCode::read, OpCode::read_vector, OpCode::accept, OpCode::receive_message,
                   OpCode::receive_batch, OpCode::splice_in, OpCode::wait_child>(code);
}
/// What gives to a stream, in order.
[[nodiscard]] constexpr bool writes_stream(OpCode code) noexcept {
  return is_one_of<OpCode::write, OpCode::write_in_place, OpCode::write_vector, OpCode::connect,
                   OpCode::send_message, OpCode::send_batch, OpCode::splice_out>(code);
}

/// What never waits for anything, on any fd: one call, and it is done.
[[nodiscard]] constexpr bool never_waits(OpCode code) noexcept {
  return is_one_of<OpCode::shut_down, OpCode::install>(code);
}

/// What reads or writes a file at an offset of its own.
[[nodiscard]] constexpr bool moves_at_offset(OpCode code) noexcept {
  return is_one_of<OpCode::read_at, OpCode::write_at, OpCode::read_vector_at,
                   OpCode::write_vector_at>(code);
}

[[nodiscard]] constexpr bool reads_at_offset(OpCode code) noexcept {
  return is_one_of<OpCode::read_at, OpCode::read_vector_at>(code);
}

/// Of the codes of a Splice: which way it goes.
[[nodiscard]] constexpr bool takes_into_pipe(OpCode code) noexcept {
  return is_one_of<OpCode::splice_in, OpCode::splice_in_at>(code);
}

/// Modifiers of an operation; a set of bits. Those of different codes may share one.
enum OpFlags : std::uint8_t {
  op_whole = 1 << 0,        ///< Transfer: complete when every byte moved, or at the end; else it
                            ///< has failed, and `moved` says how far it came
  op_out_of_band = 1 << 1,  ///< Transfer on a socket: urgent data (MSG_OOB)
  op_peek = 1 << 2,         ///< read: leave the bytes in the socket (MSG_PEEK)
  op_stream = 1 << 3,       ///< the operation is a Stream (multishot)
  op_keep_fd = 1 << 4,      ///< close: forget the fd, which belongs to somebody else
  op_wants_place = 1 << 4,  ///< accept: a place with the driver does as well as a number
  op_no_wait = 1 << 5,      ///< Message with MSG_DONTWAIT: "not yet" is its result
  op_by_path = 1 << 6,      ///< a path that starts at the process's directory: no Descriptor,
                            ///< as of memory
  op_lends = 1 << 7,        ///< read: the operation is a Receive
};

}  // namespace rota::inline v0
