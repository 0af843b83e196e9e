#include "driver/uring/prepare.hpp"

#include "core/descriptor.hpp"
#include "driver/io_priority.hpp"
#include "driver/perform.hpp"
#include "driver/uring/abi.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace rota::inline v0 {
namespace {

/// A stream has no offset: the kernel's word for "at the current position".
constexpr std::uint64_t kCurrentPosition = ~std::uint64_t{0};

static_assert(sizeof(OpenHow) == sizeof(open_how) &&
              offsetof(OpenHow, resolve) == offsetof(open_how, resolve));

/// A transfer of every byte waits in the kernel for the rest of them: one completion instead of
/// one per segment. Where the kernel returns short all the same, the driver starts the rest.
int message_flags(const Operation& operation) noexcept {
  int flags = 0;
  if ((operation.flags & op_out_of_band) != 0) flags |= MSG_OOB;
  if ((operation.flags & op_peek) != 0) flags |= MSG_PEEK;
  if (operation.flags == op_whole) flags |= MSG_WAITALL;
  return flags;
}

void prepare_transfer(io_uring_sqe& entry, const Transfer& transfer, int fd) noexcept {
  const bool message =
      is_one_of<OpCode::read, OpCode::write, OpCode::write_in_place>(transfer.code) &&
      transfer.descriptor->kind == FdKind::socket;
  if (message) return prepare_message(entry, transfer, message_flags(transfer));
  const Remainder rest = remainder(transfer);
  switch (transfer.code) {
    case OpCode::read:
      io_uring_prep_read(&entry, fd, rest.data, rest.bytes, kCurrentPosition);
      return;
    case OpCode::write:
    case OpCode::write_in_place:
      io_uring_prep_write(&entry, fd, rest.data, rest.bytes, kCurrentPosition);
      return;
    default: return prepare_at(entry, transfer);
  }
}

/// Until nothing of it is left to be written.
void prepare_durable(io_uring_sqe& entry, const Transfer& transfer, int fd) noexcept {
  if (transfer.moved < transfer.bytes) return prepare_transfer(entry, transfer, fd);
  io_uring_prep_fsync(&entry, fd, IORING_FSYNC_DATASYNC);
}

void prepare_vector(io_uring_sqe& entry, const VectorTransfer& transfer, int fd,
                    msghdr& message) noexcept {
  const bool at = transfer.code == OpCode::read_vector_at ||
                  transfer.code == OpCode::write_vector_at;
  const bool reads = transfer.code == OpCode::read_vector ||
                     transfer.code == OpCode::read_vector_at;
  // More parts than one call takes are left to the next operation: the count says so.
  const unsigned count = std::min<unsigned>(transfer.count, IOV_MAX);
  if (at || transfer.descriptor->kind != FdKind::socket) {
    const std::uint64_t offset = at ? transfer.offset : kCurrentPosition;
    if (reads) {
      io_uring_prep_readv(&entry, fd, transfer.parts, count, offset);
    } else {
      io_uring_prep_writev(&entry, fd, transfer.parts, count, offset);
    }
    return;
  }
  message = msghdr{};
  message.msg_iov = transfer.parts;
  message.msg_iovlen = count;
  const auto flags = static_cast<unsigned>(message_flags(transfer));
  if (reads) {
    io_uring_prep_recvmsg(&entry, fd, &message, flags);
  } else {
    io_uring_prep_sendmsg(&entry, fd, &message, flags | MSG_NOSIGNAL);
  }
}

void prepare_single_message(io_uring_sqe& entry, const Message& message) noexcept {
  const int fd = message.descriptor->fd;
  const auto flags = static_cast<unsigned>(message.message_flags);
  if (message.code == OpCode::receive_message) {
    io_uring_prep_recvmsg(&entry, fd, message.header, flags);
  } else {
    io_uring_prep_sendmsg(&entry, fd, message.header, flags | MSG_NOSIGNAL);
  }
}

/// A thread of the kernel moves it, as no splice ever completes without one.
void prepare_splice(io_uring_sqe& entry, const Splice& splice) noexcept {
  constexpr unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
  const int end = splice.descriptor->fd;
  if (takes_into_pipe(splice.code)) {
    io_uring_prep_splice(&entry, end, splice.offset, splice.pipe, -1, splice.bytes, flags);
  } else {
    io_uring_prep_splice(&entry, splice.pipe, -1, end, splice.offset, splice.bytes, flags);
  }
}

/// io_uring_prep_waitid, which liburing 2.3 lacks.
void prepare_child(io_uring_sqe& entry, const ChildWait& child) noexcept {
  io_uring_prep_rw(kOpWaitid, &entry, child.descriptor->fd, nullptr, P_PIDFD, 0);
  entry.file_index = WEXITED;
  entry.addr2 = reinterpret_cast<std::uintptr_t>(child.status);
}

void prepare_memory(io_uring_sqe& entry, const MemoryRange& range) noexcept {
  io_uring_prep_madvise(&entry, range.address, static_cast<off_t>(range.bytes), range.how);
}

/// io_uring_prep_futex_wait. Any wake of the word is meant, whatever its bits.
void prepare_word(io_uring_sqe& entry, const FutexWait& wait) noexcept {
  constexpr std::uint64_t any_bit = 0xffffffff;  // FUTEX_BITSET_MATCH_ANY
  io_uring_prep_rw(kOpFutexWait, &entry, FUTEX_32, wait.word, 0, wait.expected);
  entry.addr3 = any_bit;
}

int folder_of(const Operation& operation) noexcept {
  return operation.descriptor != nullptr ? operation.descriptor->fd : AT_FDCWD;
}

void prepare_range(io_uring_sqe& entry, const FileRange& range, int fd) noexcept {
  const auto bytes = static_cast<off_t>(range.bytes);
  if (range.code == OpCode::advise) {
    io_uring_prep_fadvise(&entry, fd, range.offset, bytes, range.how);
  } else {
    io_uring_prep_fallocate(&entry, fd, range.how, static_cast<off_t>(range.offset), bytes);
  }
}

void prepare_stat(io_uring_sqe& entry, const Stat& stat, int folder) noexcept {
  const int flags = AT_EMPTY_PATH | (stat.follows ? 0 : AT_SYMLINK_NOFOLLOW);
  const unsigned mask = STATX_BASIC_STATS | STATX_BTIME | stat.mask;
  io_uring_prep_statx(&entry, folder, stat.path, flags, mask, stat.into);
}

void prepare_open(io_uring_sqe& entry, Open& open, int folder) noexcept {
  open.how.flags |= O_CLOEXEC;
  if (open.how.resolve == 0) {
    io_uring_prep_openat(&entry, folder, open.path, static_cast<int>(open.how.flags),
                         static_cast<mode_t>(open.how.mode));
  } else {
    io_uring_prep_openat2(&entry, folder, open.path, reinterpret_cast<open_how*>(&open.how));
  }
}

/// Those of ring_changes_paths.
void prepare_change(io_uring_sqe& entry, const PathChange& change, int folder) noexcept {
  const auto number = static_cast<unsigned>(change.number);
  switch (change.action) {
    case PathAction::make_directory:
      return io_uring_prep_mkdirat(&entry, folder, change.path, number);
    case PathAction::remove: return io_uring_prep_unlinkat(&entry, folder, change.path, 0);
    case PathAction::remove_directory:
      return io_uring_prep_unlinkat(&entry, folder, change.path, AT_REMOVEDIR);
    case PathAction::rename:
      return io_uring_prep_renameat(&entry, folder, change.path, change.other_folder, change.other,
                                    number);
    case PathAction::link:
      return io_uring_prep_linkat(&entry, folder, change.path, change.other_folder, change.other,
                                  0);
    case PathAction::symlink:
      return io_uring_prep_symlinkat(&entry, change.other, folder, change.path);
    default: return;  // The file engine's.
  }
}

/// A confined path is followed step by step (perform_path.cpp): no single call of the ring does so.
bool has_call(const PathChange& change) noexcept {
  if (change.resolve != 0 || change.other_resolve != 0) return false;
  switch (change.action) {
    case PathAction::make_directory:
    case PathAction::remove:
    case PathAction::remove_directory:
    case PathAction::rename:
    case PathAction::symlink: return true;
    case PathAction::link: return *change.path != '\0';
    default: return false;
  }
}

/// What is done to a connection beside reads and writes.
void prepare_for_connection(io_uring_sqe& entry, const Operation& operation, int fd) noexcept {
  switch (operation.code) {
    case OpCode::connect: {
      const auto& connect = static_cast<const Connect&>(operation);
      io_uring_prep_connect(&entry, fd, static_cast<const sockaddr*>(connect.address),
                            connect.address_bytes);
      return;
    }
    case OpCode::shut_down:
      io_uring_prep_shutdown(&entry, fd, static_cast<const ShutDown&>(operation).how);
      return;
    case OpCode::install: io_uring_prep_rw(kOpInstall, &entry, fd, nullptr, 0, 0); return;
    default: return;
  }
}

/// What is done to files and paths beside reads and writes.
void prepare_for_file(io_uring_sqe& entry, Operation& operation, int fd) noexcept {
  switch (operation.code) {
    case OpCode::sync: io_uring_prep_fsync(&entry, fd, 0); return;
    case OpCode::sync_data: io_uring_prep_fsync(&entry, fd, IORING_FSYNC_DATASYNC); return;
    case OpCode::truncate:
      io_uring_prep_rw(kOpFtruncate, &entry, fd, nullptr, 0,
                       static_cast<Truncate&>(operation).bytes);
      return;
    case OpCode::allocate:
    case OpCode::advise:
      prepare_range(entry, static_cast<FileRange&>(operation), fd);
      return;
    case OpCode::stat:
      prepare_stat(entry, static_cast<Stat&>(operation), folder_of(operation));
      return;
    case OpCode::open:
      prepare_open(entry, static_cast<Open&>(operation), folder_of(operation));
      return;
    case OpCode::change_path:
      prepare_change(entry, static_cast<PathChange&>(operation), folder_of(operation));
      return;
    default: return;
  }
}

}  // namespace

std::uint32_t ability_for(const Operation& operation) noexcept {
  constexpr std::uint32_t none = 0;
  constexpr std::uint32_t lacks = ring_lacks_call;
  switch (operation.code) {
    case OpCode::truncate: return ring_truncates;
    case OpCode::futex_wait: return ring_waits_for_words;
    case OpCode::advise: {
      // The length of older kernels has 32 bits.
      const std::uint64_t bytes = static_cast<const FileRange&>(operation).bytes;
      return bytes > std::numeric_limits<std::uint32_t>::max() ? lacks : none;
    }
    case OpCode::advise_memory: {
      const std::size_t bytes = static_cast<const MemoryRange&>(operation).bytes;
      return bytes > std::numeric_limits<std::uint32_t>::max() ? lacks : none;
    }
    case OpCode::stat:
      return static_cast<const Stat&>(operation).resolve != 0 ? lacks : none;
    case OpCode::change_path:
      return has_call(static_cast<const PathChange&>(operation)) ? ring_changes_paths
                                                                 : ring_lacks_call;
    default: return lacks;
  }
}

bool has_no_offset(const Operation& operation) noexcept {
  if (is_one_of<OpCode::read_at, OpCode::write_at, OpCode::write_durably_at>(operation.code)) {
    return static_cast<const Transfer&>(operation).offset == kCurrentPosition;
  }
  return moves_at_offset(operation.code) &&
         static_cast<const VectorTransfer&>(operation).offset == kCurrentPosition;
}

void prepare(io_uring_sqe& entry, Operation& operation, msghdr& message) noexcept {
  const int fd = operation.descriptor != nullptr ? operation.descriptor->fd : -1;
  switch (operation.code) {
    case OpCode::receive_message:
    case OpCode::send_message:
      prepare_single_message(entry, static_cast<Message&>(operation));
      return;
    case OpCode::splice_in:
    case OpCode::splice_out:
    case OpCode::splice_in_at:
    case OpCode::splice_out_at:
      prepare_splice(entry, static_cast<Splice&>(operation));
      return;
    case OpCode::receive_batch:
    case OpCode::send_batch:
      prepare_readiness(entry, operation);  // The ring has no call for many: is_performed_here.
      return;
    case OpCode::poll:
      io_uring_prep_poll_add(&entry, fd, static_cast<Poll&>(operation).events);
      return;
    case OpCode::read:
    case OpCode::write:
    case OpCode::write_in_place:
    case OpCode::read_at:
    case OpCode::write_at:
      prepare_transfer(entry, static_cast<Transfer&>(operation), fd);
      return;
    case OpCode::write_durably_at:
      prepare_durable(entry, static_cast<Transfer&>(operation), fd);
      return;
    case OpCode::wait_child: prepare_child(entry, static_cast<ChildWait&>(operation)); return;
    case OpCode::advise_memory:
      prepare_memory(entry, static_cast<MemoryRange&>(operation));
      return;
    case OpCode::futex_wait: prepare_word(entry, static_cast<FutexWait&>(operation)); return;
    case OpCode::read_vector:
    case OpCode::write_vector:
    case OpCode::read_vector_at:
    case OpCode::write_vector_at:
      prepare_vector(entry, static_cast<VectorTransfer&>(operation), fd, message);
      return;
    case OpCode::accept:
      io_uring_prep_accept(&entry, fd, nullptr, nullptr, SOCK_CLOEXEC);
      return;
    case OpCode::connect:
    case OpCode::shut_down:
    case OpCode::install:
      prepare_for_connection(entry, operation, fd);
      return;
    case OpCode::sync:
    case OpCode::sync_data:
    case OpCode::truncate:
    case OpCode::allocate:
    case OpCode::advise:
    case OpCode::stat:
    case OpCode::open:
    case OpCode::change_path: prepare_for_file(entry, operation, fd); return;
    case OpCode::load:  // More than one entry: prepare_load.
    case OpCode::lock:  // The others are the file engine's: ability_for.
    case OpCode::read_directory:
    case OpCode::copy_range: return;
    case OpCode::close: io_uring_prep_close(&entry, fd); return;
  }
}

/// The links are hard: each begins when the one before it has ended, however that was. A place has
/// no O_CLOEXEC.
void prepare_load(const LoadEntries& entries, Load& load, std::int32_t place) noexcept {
  const int folder = folder_of(load);
  const auto index = static_cast<unsigned>(place);
  if (load.how.resolve == 0) {
    io_uring_prep_openat_direct(&entries.open, folder, load.path,
                                static_cast<int>(load.how.flags), 0, index);
  } else {
    io_uring_prep_openat2_direct(&entries.open, folder, load.path,
                                 reinterpret_cast<open_how*>(&load.how), index);
  }
  entries.open.flags |= IOSQE_IO_HARDLINK;
  io_uring_prep_read(&entries.read, place, load.data, bytes_of_call(load.bytes), 0);
  entries.read.flags |= IOSQE_FIXED_FILE | IOSQE_IO_HARDLINK;
  entries.read.ioprio = kernel_priority(load.priority);
  io_uring_prep_close_direct(&entries.close, index);
}

void prepare_receive(io_uring_sqe& entry, const Receive& receive, LentSize size) noexcept {
  const Descriptor& from = *receive.descriptor;
  if (from.kind == FdKind::socket) {
    io_uring_prep_recv(&entry, from.fd, nullptr, bytes_of(size), 0);
  } else {
    io_uring_prep_read(&entry, from.fd, nullptr, bytes_of(size), kCurrentPosition);
  }
  entry.flags |= IOSQE_BUFFER_SELECT;
  entry.buf_group = static_cast<std::uint16_t>(size);
}

void prepare_receive_ahead(io_uring_sqe& entry, const Operation& stream,
                           std::uint16_t group) noexcept {
  io_uring_prep_recv_multishot(&entry, stream.descriptor->fd, nullptr, 0, 0);
  entry.flags |= IOSQE_BUFFER_SELECT;
  entry.buf_group = group;
}

void prepare_send_in_place(io_uring_sqe& entry, const Transfer& transfer) noexcept {
  const Remainder rest = remainder(transfer);
  constexpr int flags = MSG_NOSIGNAL | MSG_WAITALL;
  io_uring_prep_send_zc(&entry, transfer.descriptor->fd, rest.data, rest.bytes, flags,
                        kReportCopies);
}

void prepare_accept_multishot(io_uring_sqe& entry, const Operation& operation) noexcept {
  io_uring_prep_multishot_accept(&entry, operation.descriptor->fd, nullptr, nullptr, SOCK_CLOEXEC);
}

void prepare_readiness(io_uring_sqe& entry, const Operation& operation) noexcept {
  const bool writes = lane_of(*operation.descriptor, operation.code) ==
                      &operation.descriptor->writing;
  unsigned events = writes ? POLLOUT : POLLIN;
  if (!writes && (operation.flags & op_out_of_band) != 0) events = POLLPRI;
  io_uring_prep_poll_add(&entry, operation.descriptor->fd, events);
}

}  // namespace rota::inline v0
