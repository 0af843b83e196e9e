#include "driver/perform.hpp"

#include "core/descriptor.hpp"
#include "driver/lending.hpp"
#include "driver/message.hpp"
#include "driver/perform_file.hpp"
#include "driver/perform_path.hpp"
#include "driver/socket_calls.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace rota::inline v0 {
namespace {

bool is_transfer(OpCode code) noexcept {
  return is_one_of<OpCode::read, OpCode::write, OpCode::write_in_place, OpCode::read_at,
                   OpCode::write_at, OpCode::write_durably_at>(code);
}

/// 0 where it is ready, else a negative errno: "not yet", or that nobody may ask.
std::int32_t not_ready(int fd, short events) noexcept {
  pollfd asked{fd, events, 0};
  const int count = ::poll(&asked, 1, 0);
  if (count < 0) return -errno;
  return count == 0 ? -EAGAIN : 0;
}

int message_flags(const Operation& operation, Wait wait) noexcept {
  int flags = wait == Wait::never ? MSG_DONTWAIT : 0;
  if ((operation.flags & op_out_of_band) != 0) flags |= MSG_OOB;
  if ((operation.flags & op_peek) != 0) flags |= MSG_PEEK;
  return flags;
}

/// What is shared may block: it is asked first, and then moves no more than it has said.
std::int32_t read_shared(int fd, Remainder rest, Wait wait) noexcept {
  if (wait == Wait::never) {
    if (const std::int32_t error = not_ready(fd, POLLIN); error != 0) return error;
  }
  return answer(::read(fd, rest.data, rest.bytes));
}

/// What a pipe takes without blocking once it says that it takes something.
std::int32_t write_shared(int fd, Remainder rest, Wait wait) noexcept {
  if (wait == Wait::allowed) return answer(::write(fd, rest.data, rest.bytes));
  if (const std::int32_t error = not_ready(fd, POLLOUT); error != 0) return error;
  return answer(::write(fd, rest.data, std::min<unsigned>(rest.bytes, PIPE_BUF)));
}

std::int32_t read_stream(Transfer& transfer, Wait wait) noexcept {
  const Descriptor& from = *transfer.descriptor;
  const Remainder rest = remainder(transfer);
  if (from.kind == FdKind::shared) return read_shared(from.fd, rest, wait);
  if (from.kind != FdKind::socket) return answer(::read(from.fd, rest.data, rest.bytes));
  return answer(receive_bytes(from.fd, rest.data, rest.bytes, message_flags(transfer, wait)));
}

/// The buffer is taken for one attempt.
std::int32_t read_lent(Receive& receive, Wait wait) noexcept {
  if (!borrow(receive)) return -ENOMEM;
  const std::int32_t result = read_stream(receive, wait);
  if (result > 0) {
    note_received(*receive.descriptor, static_cast<std::uint32_t>(result), receive.buffer->bytes);
  } else {
    return_unused(receive);
  }
  return result;
}

std::int32_t write_stream(Transfer& transfer, Wait wait) noexcept {
  const Descriptor& to = *transfer.descriptor;
  const Remainder rest = remainder(transfer);
  if (to.kind == FdKind::shared) return write_shared(to.fd, rest, wait);
  if (to.kind != FdKind::socket) return answer(::write(to.fd, rest.data, rest.bytes));
  const int flags = message_flags(transfer, wait) | MSG_NOSIGNAL;
  return answer(send_bytes(to.fd, rest.data, rest.bytes, flags));
}

msghdr message_of(const VectorTransfer& transfer) noexcept {
  msghdr message{};
  message.msg_iov = transfer.parts;
  message.msg_iovlen = static_cast<std::size_t>(part_count(transfer));
  return message;
}

std::int32_t read_stream_vector(VectorTransfer& transfer, Wait wait) noexcept {
  const Descriptor& from = *transfer.descriptor;
  if (from.kind != FdKind::socket) {
    return answer(::readv(from.fd, transfer.parts, part_count(transfer)));
  }
  msghdr message = message_of(transfer);
  return answer(::recvmsg(from.fd, &message, message_flags(transfer, wait)));
}

std::int32_t write_stream_vector(VectorTransfer& transfer, Wait wait) noexcept {
  const Descriptor& to = *transfer.descriptor;
  if (to.kind != FdKind::socket) {
    return answer(::writev(to.fd, transfer.parts, part_count(transfer)));
  }
  const msghdr message = message_of(transfer);
  return answer(::sendmsg(to.fd, &message, message_flags(transfer, wait) | MSG_NOSIGNAL));
}

int flags_for(Wait wait) noexcept { return wait == Wait::never ? MSG_DONTWAIT : 0; }

std::int32_t receive_message(Message& message, Wait wait) noexcept {
  const int flags = message.message_flags | flags_for(wait);
  return answer(::recvmsg(message.descriptor->fd, message.header, flags));
}

std::int32_t send_message(Message& message, Wait wait) noexcept {
  const int flags = message.message_flags | flags_for(wait) | MSG_NOSIGNAL;
  return answer(::sendmsg(message.descriptor->fd, message.header, flags));
}

/// On a thread that may block it waits for the first message, and not for a full batch.
std::int32_t receive_batch(MessageBatch& batch, Wait wait) noexcept {
  const int patience = wait == Wait::never ? MSG_DONTWAIT : MSG_WAITFORONE;
  const int flags = batch.message_flags | patience;
  return answer(::recvmmsg(batch.descriptor->fd, batch.messages, batch.count, flags, nullptr));
}

std::int32_t send_batch(MessageBatch& batch, Wait wait) noexcept {
  const int flags = batch.message_flags | flags_for(wait) | MSG_NOSIGNAL;
  return answer(::sendmmsg(batch.descriptor->fd, batch.messages, batch.count, flags));
}

/// Only the pipe is told not to wait: a file may, and a stream does as its O_NONBLOCK says.
std::int32_t splice(const Splice& splice) noexcept {
  constexpr unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
  const int end = splice.descriptor->fd;
  off_t offset = splice.offset;
  off_t* at = offset < 0 ? nullptr : &offset;
  return answer(takes_into_pipe(splice.code)
                    ? ::splice(end, at, splice.pipe, nullptr, splice.bytes, flags)
                    : ::splice(splice.pipe, nullptr, end, at, splice.bytes, flags));
}

std::int32_t copy_range(const CopyRange& copy) noexcept {
  auto from = static_cast<off_t>(copy.offset);
  auto to = static_cast<off_t>(copy.target_offset);
  return answer(::copy_file_range(copy.descriptor->fd, &from, copy.target, &to, copy.bytes, 0));
}

/// Whoever waits for readiness has set O_NONBLOCK on the listener, or accept would block: what
/// it accepts is waited for in the same way. A thread that may block passes on what the
/// listener has.
std::int32_t accept_connection(Operation& operation, Wait wait) noexcept {
  const int fd = operation.descriptor->fd;
  int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
  if (wait == Wait::allowed && (::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0) flags = SOCK_CLOEXEC;
  return answer(::accept4(fd, nullptr, nullptr, flags));
}

/// The second connect(2) asks how the first one went. It takes the pending error as SO_ERROR
/// would, and unlike SO_ERROR it also tells "not yet" from "connected", so that a spurious
/// readiness does no harm.
std::int32_t connect_socket(Connect& connect) noexcept {
  const bool asked_before = connect.started;
  connect.started = true;
  const auto* address = static_cast<const sockaddr*>(connect.address);
  const std::int32_t result =
      answer(::connect(connect.descriptor->fd, address, connect.address_bytes));
  return result == -EISCONN && asked_before ? 0 : result;
}

std::int32_t poll_once(Poll& poll, Wait wait) noexcept {
  pollfd asked{poll.descriptor->fd, static_cast<short>(poll.events), 0};
  const int ready = ::poll(&asked, 1, wait == Wait::never ? 0 : -1);
  if (ready < 0) return -errno;
  if (ready == 0) return -EAGAIN;
  return (asked.revents & POLLNVAL) != 0 ? -EBADF : asked.revents;
}

/// A child that has not ended has left the status as it was, whose pid was 0.
std::int32_t wait_child(const ChildWait& child, Wait wait) noexcept {
  auto* status = static_cast<siginfo_t*>(child.status);
  const int options = WEXITED | (wait == Wait::never ? WNOHANG : 0);
  const auto pidfd = static_cast<id_t>(child.descriptor->fd);
  *status = {};
  if (::waitid(P_PIDFD, pidfd, status, options) < 0) return -errno;
  return status->si_pid == 0 ? -EAGAIN : 0;
}

std::int32_t advise(const MemoryRange& range) noexcept {
  return answer(::madvise(range.address, range.bytes, range.how));
}

/// To requeue nobody compares a word without a sleep, and answers where a load would be a fault. No
/// thread is made to sleep for a word by itself (FutexWaiter), so it is never waited for here.
std::int32_t compare_word(const FutexWait& wait) noexcept {
  const long answered =
      ::syscall(SYS_futex, wait.word, FUTEX_CMP_REQUEUE, 0, nullptr, wait.word, wait.expected);
  if (answered >= 0) return -EAGAIN;
  return errno == EAGAIN ? 0 : -errno;
}

/// Linux has released the number whatever close(2) answers: trying again could close a
/// stranger's. EINTR is therefore success.
std::int32_t close_number(const Operation& operation) noexcept {
  if ((operation.flags & op_keep_fd) != 0) return 0;
  const std::int32_t result = answer(::close(operation.descriptor->fd));
  return result == -EINTR ? 0 : result;
}

bool may_sleep_regardless(OpCode code) noexcept {
  return is_one_of<OpCode::sync, OpCode::sync_data, OpCode::truncate, OpCode::allocate,
                   OpCode::advise, OpCode::lock, OpCode::stat, OpCode::open, OpCode::load,
                   OpCode::change_path, OpCode::read_directory, OpCode::splice_in_at,
                   OpCode::splice_out_at, OpCode::copy_range, OpCode::write_durably_at,
                   OpCode::advise_memory, OpCode::close>(code);
}

/// One system call. A count, events or an fd; a negative errno on failure.
std::int32_t call(Operation& operation, Wait wait) noexcept {
  switch (operation.code) {
    case OpCode::poll: return poll_once(static_cast<Poll&>(operation), wait);
    case OpCode::read:
      if ((operation.flags & op_lends) != 0) {
        return read_lent(static_cast<Receive&>(operation), wait);
      }
      return read_stream(static_cast<Transfer&>(operation), wait);
    case OpCode::write:
    case OpCode::write_in_place: return write_stream(static_cast<Transfer&>(operation), wait);
    case OpCode::read_vector:
      return read_stream_vector(static_cast<VectorTransfer&>(operation), wait);
    case OpCode::write_vector:
      return write_stream_vector(static_cast<VectorTransfer&>(operation), wait);
    case OpCode::accept: return accept_connection(operation, wait);
    case OpCode::wait_child: return wait_child(static_cast<const ChildWait&>(operation), wait);
    case OpCode::connect: return connect_socket(static_cast<Connect&>(operation));
    case OpCode::shut_down:
      return answer(::shutdown(operation.descriptor->fd, static_cast<ShutDown&>(operation).how));
    case OpCode::install: return operation.descriptor->fd;
    case OpCode::receive_message: return receive_message(static_cast<Message&>(operation), wait);
    case OpCode::send_message: return send_message(static_cast<Message&>(operation), wait);
    case OpCode::receive_batch: return receive_batch(static_cast<MessageBatch&>(operation), wait);
    case OpCode::send_batch: return send_batch(static_cast<MessageBatch&>(operation), wait);
    case OpCode::splice_in:
    case OpCode::splice_out:
    case OpCode::splice_in_at:
    case OpCode::splice_out_at: return splice(static_cast<const Splice&>(operation));
    case OpCode::copy_range: return copy_range(static_cast<const CopyRange&>(operation));
    case OpCode::read_at: return read_file(static_cast<Transfer&>(operation), wait);
    case OpCode::write_at: return write_file(static_cast<Transfer&>(operation), wait);
    case OpCode::write_durably_at: return write_durably(static_cast<Transfer&>(operation), wait);
    case OpCode::read_vector_at: return read_file(static_cast<VectorTransfer&>(operation), wait);
    case OpCode::write_vector_at: return write_file(static_cast<VectorTransfer&>(operation), wait);
    case OpCode::sync: return answer(::fsync(operation.descriptor->fd));
    case OpCode::sync_data: return answer(::fdatasync(operation.descriptor->fd));
    case OpCode::truncate: {
      const auto bytes = static_cast<off_t>(static_cast<Truncate&>(operation).bytes);
      return answer(::ftruncate(operation.descriptor->fd, bytes));
    }
    case OpCode::allocate:
    case OpCode::advise:
    case OpCode::lock: return call_on_range(static_cast<const FileRange&>(operation));
    case OpCode::stat: return stat_path(static_cast<const Stat&>(operation));
    case OpCode::open: return open_path(static_cast<const Open&>(operation));
    case OpCode::load: return load_path(static_cast<const Load&>(operation));
    case OpCode::change_path: return change_path(static_cast<const PathChange&>(operation));
    case OpCode::read_directory: return read_directory(static_cast<const Transfer&>(operation));
    case OpCode::advise_memory: return advise(static_cast<const MemoryRange&>(operation));
    case OpCode::futex_wait: return compare_word(static_cast<const FutexWait&>(operation));
    case OpCode::close: return close_number(operation);
  }
  return -EINVAL;
}

/// Whether the errno says "not yet". What no readiness ever helps is answered: a confined path that
/// was renamed meanwhile. connect(2) has its own words for it; its EAGAIN is a failure (a Unix
/// socket whose listener's queue is full), for which no readiness ever comes.
/// Of what is written durably: the write, and not the sync that follows.
bool is_durable_write(const Operation& operation) noexcept {
  if (operation.code != OpCode::write_durably_at) return false;
  const auto& transfer = static_cast<const Transfer&>(operation);
  return transfer.moved < transfer.bytes;
}

bool means_would_block(const Operation& operation, std::int32_t result) noexcept {
  if ((operation.flags & op_no_wait) != 0) return false;
  if (may_sleep_regardless(operation.code) && !is_durable_write(operation)) return false;
  if (operation.code == OpCode::connect) return result == -EINPROGRESS || result == -EALREADY;
  return result == -EAGAIN || result == -EWOULDBLOCK;
}

/// EINTR says nothing about the operation; a connection that died while it waited to be accepted
/// says nothing about the next one.
bool means_again(OpCode code, std::int32_t result) noexcept {
  if (result == -EINTR) return true;
  return code == OpCode::accept && (result == -ECONNABORTED || result == -EPROTO);
}

Attempt absorb_error(Operation& operation, std::int32_t error) noexcept {
  const bool again = means_again(operation.code, error);
  const bool would_block = means_would_block(operation, error);
  if ((again || would_block) && !operation.stopping) {
    return again ? Attempt::again : Attempt::would_block;
  }
  conclude(operation, again || would_block ? -ECANCELED : error);
  return Attempt::complete;
}

/// Of a write that is made durable: what follows its last byte is the sync.
Attempt absorb_durably(Transfer& transfer, std::size_t count) noexcept {
  const bool was_sync = transfer.moved == transfer.bytes;
  transfer.moved += count;
  transfer.result = saturated(transfer.moved);
  if (was_sync) return Attempt::complete;
  if (count != 0 && !transfer.stopping) return Attempt::again;
  conclude(transfer, count == 0 ? -EIO : -ECANCELED);
  return Attempt::complete;
}

/// On a thread that may block, an fd with O_NONBLOCK still answers "not yet". 0: the next attempt
/// tells; a negative errno: one cannot wait.
std::int32_t wait_until_ready(const Operation& operation) noexcept {
  const OpList* lane = lane_of(*operation.descriptor, operation.code);
  short events = POLLIN;
  if (lane == &operation.descriptor->writing) events = POLLOUT;
  if ((operation.flags & op_out_of_band) != 0 && events == POLLIN) events = POLLPRI;
  pollfd asked{operation.descriptor->fd, events, 0};
  return ::poll(&asked, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

}  // namespace

Attempt attempt(Operation& operation) noexcept {
  if (may_sleep_regardless(operation.code)) return Attempt::would_block;
  return absorb(operation, call(operation, Wait::never));
}

/// What the page cache has is read by RWF_NOWAIT, which saves a hop to a ring or a thread. Not to
/// try where that keeps missing saves CPU time, some 1.3 µs each, and no latency: a miss has the
/// kernel begin to read, so that a cold page came by way of a thread after 124 µs with a try and
/// without.
bool try_other(Operation& operation, DriverCounters& counters) noexcept {
  Descriptor& descriptor = *operation.descriptor;
  if (!may_try(descriptor, operation.code)) return false;
  const bool reads = reads_at_offset(operation.code);
  if (reads && !descriptor.cached.is_worth_it()) return false;
  Attempt outcome = attempt(operation);
  while (outcome == Attempt::again && moves_at_offset(operation.code)) {
    outcome = attempt(operation);
  }
  if (outcome == Attempt::again) return false;
  const bool completed = outcome == Attempt::complete;
  note_attempt(descriptor, operation, completed);
  if (reads && completed) descriptor.cached.hit();
  if (reads && !completed && descriptor.cached.miss()) counters.demoted_reads += 1;
  return completed;
}

void perform_blocking(Operation& operation) noexcept {
  for (;;) {
    const Attempt outcome = absorb(operation, call(operation, Wait::allowed));
    if (outcome == Attempt::complete) return;
    if (outcome != Attempt::would_block) continue;
    if (const std::int32_t error = wait_until_ready(operation); error != 0) {
      return conclude(operation, error);
    }
  }
}

Attempt absorb(Operation& operation, std::int32_t result) noexcept {
  if (result < 0) return absorb_error(operation, result);
  const auto count = static_cast<std::size_t>(result);
  if (operation.code == OpCode::write_durably_at) {
    return absorb_durably(static_cast<Transfer&>(operation), count);
  }
  if (is_transfer(operation.code)) return absorb_count(static_cast<Transfer&>(operation), count);
  operation.result = result;
  return Attempt::complete;
}

void conclude(Operation& operation, std::int32_t error) noexcept {
  operation.result = error;
  if (!is_transfer(operation.code) || (operation.flags & op_stream) != 0) return;
  const auto& transfer = static_cast<Transfer&>(operation);
  const bool whole = (transfer.flags & op_whole) != 0;
  if (transfer.moved > 0 && !whole) operation.result = saturated(transfer.moved);
}

}  // namespace rota::inline v0
