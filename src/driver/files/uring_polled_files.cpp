#include "driver/files/uring_polled_files.hpp"

#include <rota/core/platform.hpp>

#include "base/first_line.hpp"
#include "core/descriptor.hpp"
#include "driver/io_priority.hpp"
#include "driver/perform.hpp"
#include "driver/uring/bits.hpp"
#include "driver/uring/prepare.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace rota::inline v0 {
namespace {

bool takes(const Operation& operation) noexcept {
  if (!moves_at_offset(operation.code) || has_no_offset(operation)) return false;
  const Descriptor& file = *operation.descriptor;
  return file.direct && !file.interrupts;
}

}  // namespace

Result<std::unique_ptr<FileEngine>> UringPolledFiles::make(const EngineRequest& asked,
                                                           EngineNotify notify,
                                                           std::unique_ptr<FileEngine>& others,
                                                           std::vector<Refusal>& refusals) {
  RingRequest request = ring_request_of(asked);
  request.entries = kEntries;
  request.completion_entries = kCompletions;
  request.device_polling = asked.device_polling;
  std::unique_ptr<UringPolledFiles> made(new UringPolledFiles(notify));
  if (const int error = made->ring_.set_up(request, refusals); error != 0) return failure(error);
  made->others_ = std::move(others);
  return made;
}

void UringPolledFiles::begin_carry() noexcept {
  ring_.place_workers();
  others_->begin_carry();
}

void UringPolledFiles::submit(OpList operations) {
  OpList others;
  const QueueStamp stamp = QueueStamp::now();
  while (Operation* operation = operations.pop_front()) {
    if (takes(*operation)) {
      operation->engine_bits = kHere;
      line_.push(*operation, stamp);
    } else {
      others.push_back(*operation);
    }
  }
  if (!others.empty()) others_->submit(std::move(others));
  start_waiting();
}

/// As many as there is room for. What is not submitted for want of memory goes with the next
/// `reap`.
void UringPolledFiles::start_waiting() {
  while (!line_.empty() && has_room()) launch(line_.pop());
  line_.show();
  if (ring_.unsubmitted() > 0) static_cast<void>(ring_.enter({.limit = Duration{}}));
}

bool UringPolledFiles::has_room() noexcept {
  if (with_kernel_ >= ring_.completion_entries() / 2) return false;
  if (!ring_.has_free_entry()) static_cast<void>(ring_.enter({.limit = Duration{}}));
  return ring_.has_free_entry();
}

/// There is a free entry.
void UringPolledFiles::launch(Operation& operation) {
  io_uring_sqe& entry = ring_.next_entry();
  prepare(entry, operation, ring_.message_of(entry));
  entry.ioprio = kernel_priority(operation.priority);
  memory_.name(entry);
  io_uring_sqe_set_data64(&entry, user_data_of(operation, uring_attempt));
  release_by_kernel(&operation);
  with_kernel_ += 1;
}

void UringPolledFiles::reap(OpList& done) {
  memory_.look();
  if (with_kernel_ > 0) static_cast<void>(ring_.enter({.limit = Duration{}}));
  while (ring_.ready() > 0) {
    const io_uring_cqe& completion = ring_.front();
    auto& operation = *reinterpret_cast<Operation*>(completion.user_data);
    const std::int32_t result = completion.res;
    ring_.pop();
    acquire_by_kernel(&operation);
    with_kernel_ -= 1;
    complete(operation, result);
  }
  start_waiting();
  done.append(std::move(done_));
  others_->reap(done);
}

void UringPolledFiles::complete(Operation& operation, std::int32_t result) {
  if (result == -EOPNOTSUPP) {
    operation.descriptor->interrupts = true;
    return give_to_others(operation);
  }
  // Nobody can have asked: the thread that submitted it has ended.
  switch (absorb(operation, result == -ECANCELED ? -EINTR : result)) {
    case Attempt::complete: return done_.push_back(operation);
    case Attempt::would_block: return give_to_others(operation);
    case Attempt::again: break;
  }
  line_.push(operation, QueueStamp::now());
}

void UringPolledFiles::give_to_others(Operation& operation) {
  operation.engine_bits = 0;
  OpList one;
  one.push_back(operation);
  others_->submit(std::move(one));
}

void UringPolledFiles::cancel(Operation& operation) noexcept {
  if (line_.withdraw(operation, done_)) return notify_();
  others_->cancel(operation);  // To whom one that is with the ring is unknown.
}

void UringPolledFiles::cancel_all(const Descriptor& descriptor) noexcept {
  if (line_.withdraw_of(descriptor, done_)) notify_();
  others_->cancel_all(descriptor);
}

EngineUse UringPolledFiles::use() const noexcept {
  EngineUse use = others_->use();
  line_.add_to(use);
  return use;
}

std::string no_polled_device() {
  std::error_code unreadable;
  for (const auto& device : std::filesystem::directory_iterator("/sys/block", unreadable)) {
    if (first_line_of(device.path() / "queue/io_poll") == "1") return {};
  }
  if (unreadable) return {};
  return "no block device has queues that can be polled (/sys/block/*/queue/io_poll, for one "
         "nvme.poll_queues)";
}

}  // namespace rota::inline v0
