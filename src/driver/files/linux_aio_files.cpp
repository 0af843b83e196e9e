#include "driver/files/linux_aio_files.hpp"

#include "core/descriptor.hpp"
#include "driver/io_priority.hpp"
#include "driver/perform.hpp"

#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

namespace rota::inline v0 {
namespace {

/// How many requests one io_submit has at the most, and how many events are taken at once.
constexpr std::size_t kBatch = 32;

struct Span {
  std::uint64_t offset;
  std::uint64_t bytes;
};

Span span_of(const Operation& operation) noexcept {
  if (is_one_of<OpCode::read_at, OpCode::write_at>(operation.code)) {
    const auto& transfer = static_cast<const Transfer&>(operation);
    return {transfer.offset + transfer.moved, transfer.bytes - transfer.moved};
  }
  const auto& transfer = static_cast<const VectorTransfer&>(operation);
  std::uint64_t bytes = 0;
  for (const iovec& part : std::span(transfer.parts, transfer.count)) bytes += part.iov_len;
  return {transfer.offset, bytes};
}

/// A write that makes a file longer is done within io_submit. Holes are not looked for: they cost
/// the same, and a program that minds has allocated its file.
bool stays_within(const Operation& write) noexcept {
  struct stat file{};
  if (::fstat(write.descriptor->fd, &file) != 0) return false;
  if (!S_ISREG(file.st_mode)) return true;
  const Span span = span_of(write);
  const auto size = static_cast<std::uint64_t>(file.st_size);
  return span.offset <= size && span.bytes <= size - span.offset;
}

bool is_sync(const Operation& operation) noexcept {
  return is_one_of<OpCode::sync, OpCode::sync_data>(operation.code) &&
         operation.descriptor->kind == FdKind::file;
}

bool is_asynchronous_transfer(const Operation& operation) noexcept {
  if (!moves_at_offset(operation.code) || !operation.descriptor->direct) return false;
  return direction_at_offset(operation.code) == interest_read || stays_within(operation);
}

std::uint16_t command_of(OpCode code) noexcept {
  switch (code) {
    case OpCode::read_at: return IOCB_CMD_PREAD;
    case OpCode::write_at: return IOCB_CMD_PWRITE;
    case OpCode::read_vector_at: return IOCB_CMD_PREADV;
    case OpCode::write_vector_at: return IOCB_CMD_PWRITEV;
    case OpCode::sync_data: return IOCB_CMD_FDSYNC;
    default: return IOCB_CMD_FSYNC;
  }
}

void put_operands(iocb& control, const Operation& operation) noexcept {
  if (is_one_of<OpCode::read_at, OpCode::write_at>(operation.code)) {
    const auto& transfer = static_cast<const Transfer&>(operation);
    const Remainder rest = remainder(transfer);
    control.aio_buf = reinterpret_cast<std::uint64_t>(rest.data);
    control.aio_nbytes = rest.bytes;
    control.aio_offset = static_cast<std::int64_t>(transfer.offset + transfer.moved);
  } else if (moves_at_offset(operation.code)) {
    const auto& transfer = static_cast<const VectorTransfer&>(operation);
    control.aio_buf = reinterpret_cast<std::uint64_t>(transfer.parts);
    control.aio_nbytes = transfer.count;
    control.aio_offset = static_cast<std::int64_t>(transfer.offset);
  }
}

}  // namespace

LinuxAioFiles::LinuxAioFiles(std::unique_ptr<AioContext> own, EngineNotify notify,
                             std::unique_ptr<FileEngine> others) noexcept
    : LinuxAioFiles(*own, notify, std::move(others)) {
  own_ = std::move(own);
}

LinuxAioFiles::LinuxAioFiles(AioContext& pollers, EngineNotify notify,
                             std::unique_ptr<FileEngine> others) noexcept
    : context_(pollers), notify_(notify), others_(std::move(others)) {
  for (Request& request : requests_) release(request);
}

void LinuxAioFiles::submit(OpList operations) {
  OpList others;
  const QueueStamp stamp = QueueStamp::now();
  while (Operation* operation = operations.pop_front()) {
    if (!takes(*operation)) {
      others.push_back(*operation);
      continue;
    }
    line_.push(*operation, stamp);
  }
  if (!others.empty()) others_->submit(std::move(others));
  start_waiting();
  line_.show();
}

bool LinuxAioFiles::takes(const Operation& operation) noexcept {
  if (operation.descriptor == nullptr || refused_) return false;
  if (context_.is_set_up()) return is_sync(operation) || is_asynchronous_transfer(operation);
  if (!is_asynchronous_transfer(operation)) return false;
  refused_ = context_.set_up(kRequests) != 0;
  return !refused_;
}

/// As many as there are requests, and as the kernel has room for.
void LinuxAioFiles::start_waiting() {
  while (!line_.empty()) {
    std::array<iocb*, kBatch> batch;
    std::size_t count = 0;
    std::array<Request*, kBatch> taken_up;
    for (Operation* each = line_.front(); each != nullptr && count < kBatch; each = each->next) {
      Request* request = take_request(*each);
      if (request == nullptr) break;
      taken_up[count] = request;
      batch[count++] = &request->control;
    }
    if (count == 0) return;
    const int answer = context_.submit(std::span(batch).first(count));
    const auto taken = static_cast<std::size_t>(std::max(answer, 0));
    for (std::size_t i = 0; i < taken; ++i) line_.pop();
    for (std::size_t i = taken; i < count; ++i) release(*taken_up[i]);
    with_kernel_ += taken;
    if (taken > 0) continue;
    // What it has must end first. Anything else is about the first of them alone.
    if (answer == -EAGAIN && with_kernel_ > 0) return;
    give_to_others(line_.pop());
  }
}

/// A free one with what the operation asks for; null when none is free.
LinuxAioFiles::Request* LinuxAioFiles::take_request(Operation& operation) noexcept {
  if (free_ == nullptr) return nullptr;
  Request& request = *std::exchange(free_, free_->next_free);
  request.operation = &operation;
  request.control = iocb{};
  request.control.aio_data = reinterpret_cast<std::uint64_t>(&request);
  request.control.aio_lio_opcode = command_of(operation.code);
  request.control.aio_fildes = static_cast<std::uint32_t>(operation.descriptor->fd);
  put_operands(request.control, operation);
  if (const std::uint16_t priority = kernel_priority(operation.priority); priority != 0) {
    request.control.aio_flags |= IOCB_FLAG_IOPRIO;
    request.control.aio_reqprio = static_cast<std::int16_t>(priority);
  }
  if (own_ != nullptr) {
    request.control.aio_flags |= IOCB_FLAG_RESFD;
    request.control.aio_resfd = static_cast<std::uint32_t>(notify_.eventfd);
  }
  return &request;
}

/// What it was for, if anything.
Operation* LinuxAioFiles::release(Request& request) noexcept {
  request.next_free = std::exchange(free_, &request);
  return std::exchange(request.operation, nullptr);
}

void LinuxAioFiles::give_to_others(Operation& operation) {
  OpList one;
  one.push_back(operation);
  others_->submit(std::move(one));
}

void LinuxAioFiles::complete(const io_event& event) {
  Operation& operation = *release(*reinterpret_cast<Request*>(event.data));
  with_kernel_ -= 1;
  switch (absorb(operation, static_cast<std::int32_t>(event.res))) {
    case Attempt::complete: return done_.push_back(operation);
    case Attempt::would_block: return give_to_others(operation);
    case Attempt::again: break;
  }
  line_.push(operation, QueueStamp::now());
}

void LinuxAioFiles::cancel(Operation& operation) noexcept {
  if (line_.withdraw(operation, done_)) return notify_();
  const auto request = std::ranges::find(requests_, &operation, &Request::operation);
  if (request == requests_.end()) return others_->cancel(operation);
  static_cast<void>(context_.cancel(request->control));  // Its event comes in any case.
}

void LinuxAioFiles::cancel_all(const Descriptor& descriptor) noexcept {
  if (line_.withdraw_of(descriptor, done_)) notify_();
  for (Request& request : requests_) {
    if (request.operation == nullptr || request.operation->descriptor != &descriptor) continue;
    static_cast<void>(context_.cancel(request.control));
  }
  others_->cancel_all(descriptor);
}

void LinuxAioFiles::reap(OpList& done) {
  if (own_ != nullptr) {
    std::array<io_event, kBatch> events;
    std::size_t count = events.size();
    while (with_kernel_ > 0 && count == events.size()) {
      count = own_->take(events);
      for (const io_event& event : std::span(events).first(count)) complete(event);
    }
  }
  if (!line_.empty()) {
    start_waiting();
    line_.show();
  }
  done.append(std::move(done_));
  others_->reap(done);
}

EngineUse LinuxAioFiles::use() const noexcept {
  EngineUse use = others_->use();
  line_.add_to(use);
  return use;
}

}  // namespace rota::inline v0
