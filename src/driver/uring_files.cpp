#include "driver/uring_files.hpp"

#include <rota/core/platform.hpp>

#include "core/descriptor.hpp"
#include "driver/io_priority.hpp"
#include "driver/perform.hpp"
#include "driver/uring_bits.hpp"
#include "driver/uring_prepare.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace rota::inline v0 {
namespace {

/// To a ring an offset of -1 is the position of the open file. The plain call refuses it.
bool has_no_offset(const Operation& operation) noexcept {
  constexpr std::uint64_t current = ~std::uint64_t{0};
  if (!moves_at_offset(operation.code)) return false;
  if (is_one_of<OpCode::read_at, OpCode::write_at>(operation.code)) {
    return static_cast<const Transfer&>(operation).offset == current;
  }
  return static_cast<const VectorTransfer&>(operation).offset == current;
}

}  // namespace

Result<std::unique_ptr<FileEngine>> UringFiles::make(unsigned threads, EngineNotify notify,
                                                     std::unique_ptr<FileEngine> others,
                                                     std::vector<Refusal>& refusals) {
  RingRequest request;
  request.profile = RingProfile::movable;
  request.entries = kEntries;
  request.completion_entries = kCompletions;
  request.bounded_workers = threads;
  std::unique_ptr<UringFiles> made(new UringFiles(notify, std::move(others)));
  if (const int error = made->ring_.set_up(request, refusals); error != 0) return failure(error);
  if (const int error = made->ring_.notify_by(notify.eventfd); error != 0) {
    refusals.push_back({"io_uring files",
                        std::string("io_uring_register refuses an eventfd for completions: ") +
                            std::strerror(error) + '.',
                        error});
    return failure(error);
  }
  return made;
}

void UringFiles::submit(OpList operations) {
  OpList others;
  const QueueStamp stamp = QueueStamp::now();
  while (Operation* operation = operations.pop_front()) {
    operation->engine_bits = 0;
    if (takes(*operation)) {
      line_.push(*operation, stamp);
    } else {
      others.push_back(*operation);
    }
  }
  if (!others.empty()) others_->submit(std::move(others));
  start_waiting();
}

bool UringFiles::takes(const Operation& operation) const noexcept {
  if (!is_for_files(operation) || has_no_offset(operation)) return false;
  const std::uint16_t ability = needed_ability(operation);
  return ability == 0 || ring_.can(static_cast<RingAbility>(ability));
}

/// As many as there is room for.
void UringFiles::start_waiting() {
  while (!line_.empty() && count_ < ring_.completion_entries()) launch(line_.pop());
  line_.show();
  if (ring_.unsubmitted() > 0) enter();
}

/// What is not submitted for want of memory is tried again with the next `reap`.
void UringFiles::enter() {
  if (!ring_.enter({.limit = Duration{}})) notify_();
}

void UringFiles::launch(Operation& operation) {
  if (!ring_.has_free_entry()) enter();
  if (!ring_.has_free_entry()) return line_.push(operation, QueueStamp::now());
  io_uring_sqe& entry = ring_.next_entry();
  prepare(entry, operation, ring_.message_of(entry));
  if (moves_at_offset(operation.code)) entry.ioprio = kernel_priority(operation.priority);
  if ((operation.engine_bits & waits_there) != 0) entry.flags |= IOSQE_ASYNC;
  io_uring_sqe_set_data64(&entry, user_data_of(operation, uring_attempt));
  release_by_kernel(&operation);
  operation.engine_bits |= with_ring;
  with_kernel_.push_back(operation);
  count_ += 1;
}

void UringFiles::reap(OpList& done) {
  if (ring_.wants_entry() || ring_.unsubmitted() > 0) enter();
  while (ring_.ready() > 0) {
    const io_uring_cqe& completion = ring_.front();
    const std::uint64_t user_data = completion.user_data;
    const std::int32_t result = completion.res;
    ring_.pop();
    if (user_data == uring_cancel) continue;
    auto& operation = *reinterpret_cast<Operation*>(user_data);
    acquire_by_kernel(&operation);
    complete(operation, result);
  }
  start_waiting();
  done.append(std::move(done_));
  others_->reap(done);
}

void UringFiles::complete(Operation& operation, std::int32_t result) {
  with_kernel_.remove(operation);
  count_ -= 1;
  operation.engine_bits = static_cast<std::uint8_t>(operation.engine_bits & ~with_ring);
  const bool unasked = result == -ECANCELED && (operation.engine_bits & cancel_asked) == 0;
  switch (absorb(operation, unasked ? -EINTR : result)) {
    case Attempt::complete: return end(operation);
    case Attempt::would_block: operation.engine_bits |= waits_there; break;
    case Attempt::again: break;
  }
  if ((operation.engine_bits & cancel_asked) == 0) return line_.push(operation, QueueStamp::now());
  conclude(operation, -ECANCELED);
  end(operation);
}

void UringFiles::end(Operation& operation) noexcept { done_.push_back(operation); }

void UringFiles::cancel(Operation& operation) noexcept {
  if ((operation.engine_bits & with_ring) != 0) {
    ask_cancel(operation);
    if (ring_.unsubmitted() > 0) enter();
  } else if (line_.remove(operation)) {
    conclude(operation, -ECANCELED);
    end(operation);
    line_.show();
    notify_();
  } else {
    others_->cancel(operation);
  }
}

void UringFiles::cancel_all(const Descriptor& descriptor) noexcept {
  OpList waiting = line_.remove_of(descriptor);
  if (!waiting.empty()) notify_();
  while (Operation* operation = waiting.pop_front()) {
    conclude(*operation, -ECANCELED);
    end(*operation);
  }
  line_.show();
  for (Operation* each = with_kernel_.front(); each != nullptr; each = each->next) {
    if (each->descriptor == &descriptor) ask_cancel(*each);
  }
  if (ring_.unsubmitted() > 0) enter();
  others_->cancel_all(descriptor);
}

/// A cancel that finds no room is left out: what the operation has begun it brings to its end.
void UringFiles::ask_cancel(Operation& operation) noexcept {
  if ((operation.engine_bits & cancel_asked) != 0) return;
  if (!ring_.has_free_entry()) enter();
  if (!ring_.has_free_entry()) return;
  operation.engine_bits |= cancel_asked;
  io_uring_sqe& entry = ring_.next_entry();
  io_uring_prep_cancel64(&entry, user_data_of(operation, uring_attempt), 0);
  io_uring_sqe_set_data64(&entry, uring_cancel);
}

EngineUse UringFiles::use() const noexcept {
  EngineUse use = others_->use();
  line_.add_to(use);
  return use;
}

}  // namespace rota::inline v0
