#include "driver/files/posix_aio.hpp"

#include "core/descriptor.hpp"
#include "driver/files/posix_aio_signal.hpp"
#include "driver/perform.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

namespace rota::inline v0 {
namespace {

/// How many requests one lio_listio has at the most.
constexpr std::size_t kListed = 32;

/// By how much an operation comes behind others that wait for a thread or for the same file, up to
/// AIO_PRIO_DELTA_MAX. The library tells the kernel nothing of it.
int priority_of(const Operation& operation) noexcept {
  switch (operation.priority) {
    case IoPriority::high: return 0;
    case IoPriority::normal: return 1;
    case IoPriority::low: return 2;
    case IoPriority::idle: return 3;
  }
  return 1;
}

bool is_sync(OpCode code) noexcept { return is_one_of<OpCode::sync, OpCode::sync_data>(code); }

/// Whether the library does it as the plain call would: what has no offsets it takes for a stream,
/// and reads that.
bool has_call(const Operation& operation) noexcept {
  if (operation.descriptor == nullptr || operation.descriptor->kind != FdKind::file) return false;
  if (is_sync(operation.code)) return true;
  if (!is_one_of<OpCode::read_at, OpCode::write_at>(operation.code)) return false;
  return ::lseek(operation.descriptor->fd, 0, SEEK_CUR) >= 0;
}

/// The status of what the library has never seen: it leaves alone what it finds no memory for.
constexpr int kUntouched = -1;

void put_aio_operands(aiocb& control, const Operation& operation) noexcept {
  std::memset(&control, 0xff, sizeof control);
  control.aio_fildes = operation.descriptor->fd;
  control.aio_reqprio = priority_of(operation);
  if (is_sync(operation.code)) return;
  const auto& transfer = static_cast<const Transfer&>(operation);
  const Remainder rest = remainder(transfer);
  control.aio_lio_opcode = operation.code == OpCode::read_at ? LIO_READ : LIO_WRITE;
  control.aio_buf = rest.data;
  control.aio_nbytes = rest.bytes;
  control.aio_offset = static_cast<off_t>(transfer.offset + transfer.moved);
}

int start_one(aiocb& control, OpCode code) noexcept {
  switch (code) {
    case OpCode::read_at: return ::aio_read(&control);
    case OpCode::write_at: return ::aio_write(&control);
    case OpCode::sync_data: return ::aio_fsync(O_DSYNC, &control);
    default: return ::aio_fsync(O_SYNC, &control);
  }
}

int start_list(std::span<PosixAioRequest*> batch) noexcept {
  std::array<aiocb*, kListed> list;
  std::ranges::transform(batch, list.begin(), [](PosixAioRequest* each) { return &each->control; });
  return ::lio_listio(LIO_NOWAIT, list.data(), static_cast<int>(batch.size()), nullptr);
}

}  // namespace

PosixAioFiles::PosixAioFiles(AioNotification how, int signal, EngineNotify notify,
                             std::unique_ptr<FileEngine> others)
    : notify_(notify), signal_(signal), others_(std::move(others)) {
  event_.sigev_notify = SIGEV_NONE;
  if (how == AioNotification::none) {
    waiter_ = std::make_unique<PosixAioWaiter>(notify);
  } else {
    bell_ = &PosixAioBell::take();
  }
  if (how == AioNotification::signal) {
    event_.sigev_notify = SIGEV_SIGNAL;
    event_.sigev_signo = signal;
  }
  if (how == AioNotification::thread) {
    event_.sigev_notify = SIGEV_THREAD;
    event_.sigev_value.sival_ptr = bell_;
    event_.sigev_notify_function = [](sigval bell) {
      static_cast<PosixAioBell*>(bell.sival_ptr)->ring();
    };
    event_.sigev_notify_attributes = nullptr;
  }
  for (PosixAioRequest& request : requests_) request.next = std::exchange(free_, &request);
}

PosixAioFiles::~PosixAioFiles() {
  assert(with_library_ == 0 && line_.empty());
  if (bell_ != nullptr) bell_->give_back();
}

/// Whether the end of a request would be noticed.
bool PosixAioFiles::prepare() {
  if (waiter_ != nullptr) return waiter_->start() == 0;
  if (signal_ != 0) take_posix_aio_signal(signal_);
  return true;
}

void PosixAioFiles::submit(OpList operations) {
  OpList others;
  const QueueStamp stamp = QueueStamp::now();
  const bool prepared = prepare();
  while (Operation* operation = operations.pop_front()) {
    if (prepared && has_call(*operation)) {
      line_.push(*operation, stamp);
    } else {
      others.push_back(*operation);
    }
  }
  if (!others.empty()) others_->submit(std::move(others));
  start_waiting();
  line_.show();
}

/// As many as there are requests, and as the library has room for.
void PosixAioFiles::start_waiting() {
  if (line_.empty()) return;
  if (bell_ != nullptr) bell_->attach(notify_);
  std::array<PosixAioRequest*, kListed> room;
  for (;;) {
    const Batch batch = Batch(room).first(take_batch(room));
    if (batch.empty() || !start(batch)) return;
  }
}

/// The next that one call can start: reads and writes, or one sync.
std::size_t PosixAioFiles::take_batch(Batch into) noexcept {
  std::size_t count = 0;
  while (count < into.size() && free_ != nullptr && !line_.empty()) {
    const bool alone = is_sync(line_.front()->code);
    if (alone && count > 0) break;
    into[count++] = &take_request(line_.pop());
    if (alone) break;
  }
  return count;
}

/// False: the library has no room for now.
bool PosixAioFiles::start(Batch batch) {
  PosixAioRequest& first = *batch.front();
  const bool one = batch.size() == 1;
  const int answer = one ? start_one(first.control, first.operation->code) : start_list(batch);
  if (answer == 0) {
    watch(batch);
    return true;
  }
  if (one) {
    if (errno != EAGAIN) {
      give_to_others(release(first));
      return true;
    }
    return refuse(batch);
  }
  // Some of the list may have been taken. Of those that failed at once nobody is told.
  std::array<PosixAioRequest*, kListed> refused;
  std::size_t taken_count = 0;
  std::size_t refused_count = 0;
  for (PosixAioRequest* each : batch) {
    const bool is_taken = ::aio_error(&each->control) != kUntouched;
    (is_taken ? batch[taken_count++] : refused[refused_count++]) = each;
  }
  if (taken_count > 0) watch(batch.first(taken_count));
  notify_();
  return refused_count == 0 || refuse(Batch(refused).first(refused_count));
}

void PosixAioFiles::watch(Batch taken) noexcept {
  with_library_ += taken.size();
  if (waiter_ == nullptr) return;
  for (std::size_t i = 1; i < taken.size(); ++i) taken[i]->next = taken[i - 1];
  waiter_->watch(*taken.back(), *taken.front());
}

/// What the library has must end first; if it has nothing, others see to them. False: they wait.
bool PosixAioFiles::refuse(Batch refused) {
  OpList operations;
  for (PosixAioRequest* request : refused) operations.push_back(release(*request));
  if (with_library_ > 0) {
    line_.put_back(std::move(operations));
    return false;
  }
  others_->submit(std::move(operations));
  return true;
}

PosixAioRequest& PosixAioFiles::take_request(Operation& operation) noexcept {
  PosixAioRequest& request = *std::exchange(free_, free_->next);
  request.operation = &operation;
  request.anew = false;
  put_aio_operands(request.control, operation);
  request.control.aio_sigevent = event_;
  return request;
}

/// What it was for.
Operation& PosixAioFiles::release(PosixAioRequest& request) noexcept {
  request.next = std::exchange(free_, &request);
  return *std::exchange(request.operation, nullptr);
}

void PosixAioFiles::give_to_others(Operation& operation) {
  OpList one;
  one.push_back(operation);
  others_->submit(std::move(one));
}

void PosixAioFiles::reap(OpList& done) {
  collect();
  start_waiting();
  line_.show();
  if (bell_ != nullptr && with_library_ == 0) bell_->detach();
  done.append(std::move(done_));
  others_->reap(done);
}

void PosixAioFiles::collect() {
  if (waiter_ != nullptr) {
    PosixAioRequest* following = nullptr;
    for (PosixAioRequest* each = waiter_->take_ended(); each != nullptr; each = following) {
      following = each->next;
      complete(*each);
    }
    return;
  }
  if (with_library_ == 0) return;
  for (PosixAioRequest& request : requests_) {
    if (request.operation != nullptr && has_ended(request.control)) complete(request);
  }
}

void PosixAioFiles::complete(PosixAioRequest& request) {
  const int error = ::aio_error(&request.control);
  const ssize_t moved = ::aio_return(&request.control);
  Operation& operation = release(request);
  with_library_ -= 1;
  if (error == ECANCELED && request.anew) return line_.push(operation, QueueStamp::now());
  switch (absorb(operation, error == 0 ? static_cast<std::int32_t>(moved) : -error)) {
    case Attempt::complete: return done_.push_back(operation);
    case Attempt::would_block: return give_to_others(operation);
    case Attempt::again: return line_.push(operation, QueueStamp::now());
  }
}

/// Also of what was to be asked for again.
void PosixAioFiles::cancel(Operation& operation) noexcept {
  if (line_.withdraw(operation, done_)) return notify_();
  const auto request = std::ranges::find(requests_, &operation, &PosixAioRequest::operation);
  if (request == requests_.end()) return others_->cancel(operation);
  request->anew = false;
  const int fd = operation.descriptor->fd;
  const int answer = ::aio_cancel(fd, &request->control);
  if (answer == AIO_CANCELED) ask_again_behind(*request);
  if (answer != AIO_NOTCANCELED && waiter_ != nullptr) waiter_->look();
}

/// Rule 4 of the class.
void PosixAioFiles::ask_again_behind(const PosixAioRequest& cancelled) noexcept {
  const int fd = cancelled.control.aio_fildes;
  for (PosixAioRequest& request : requests_) {
    if (request.operation == nullptr || request.operation->descriptor->fd != fd) continue;
    if (::aio_cancel(fd, &request.control) == AIO_CANCELED) request.anew = true;
  }
}

void PosixAioFiles::cancel_all(const Descriptor& descriptor) noexcept {
  if (line_.withdraw_of(descriptor, done_)) notify_();
  bool has_some = false;
  for (PosixAioRequest& request : requests_) {
    if (request.operation == nullptr || request.operation->descriptor != &descriptor) continue;
    request.anew = false;
    static_cast<void>(::aio_cancel(descriptor.fd, &request.control));
    has_some = true;
  }
  if (has_some && waiter_ != nullptr) waiter_->look();
  others_->cancel_all(descriptor);
}

EngineUse PosixAioFiles::use() const noexcept {
  EngineUse use = others_->use();
  if (waiter_ != nullptr && waiter_->has_started()) use.threads += 1;
  line_.add_to(use);
  return use;
}

Result<std::unique_ptr<FileEngine>> make_posix_aio(AioNotification how, EngineNotify notify,
                                                   std::unique_ptr<FileEngine> others,
                                                   std::vector<Refusal>& refusals) {
  const int signal = how == AioNotification::signal ? posix_aio_signal() : 0;
  if (how == AioNotification::signal && signal == 0) {
    refusals.push_back({"posix_aio",
                        "The program has handlers of its own for SIGURG and for SIGIO; other "
                        "notifications need no signal.",
                        EBUSY});
    return failure(EBUSY);
  }
  return std::make_unique<PosixAioFiles>(how, signal, notify, std::move(others));
}

}  // namespace rota::inline v0
