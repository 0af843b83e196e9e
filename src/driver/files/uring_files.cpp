#include "driver/files/uring_files.hpp"

#include <rota/core/platform.hpp>

#include "core/descriptor.hpp"
#include "driver/io_priority.hpp"
#include "driver/perform.hpp"
#include "driver/uring/bits.hpp"
#include "driver/uring/prepare.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace rota::inline v0 {

Result<std::unique_ptr<FileEngine>> UringFiles::make(const EngineRequest& asked,
                                                     EngineNotify notify,
                                                     std::unique_ptr<FileEngine> others,
                                                     std::vector<Refusal>& refusals) {
  RingRequest request = ring_request_of(asked);
  request.entries = kEntries;
  request.completion_entries = kCompletions;
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
    if (takes(*operation)) {
      const bool given_up =
          may_be_punted(operation->code) && !operation->descriptor->unpunted.is_worth_it();
      operation->engine_bits = given_up ? waits_there : 0;
      line_.push(*operation, stamp);
    } else {
      others.push_back(*operation);
    }
  }
  if (!others.empty()) others_->submit(std::move(others));
  start_waiting();
}

bool UringFiles::takes(const Operation& operation) const noexcept {
  // A load is more than one entry.
  if (operation.code == OpCode::load) return false;
  if (!is_for_files(operation) || has_no_offset(operation)) return false;
  const std::uint32_t ability = needed_ability(operation);
  return ability == 0 || ring_.can(static_cast<RingAbility>(ability));
}

/// As many as there is room for.
void UringFiles::start_waiting() {
  while (!line_.empty() && count_ < most() && has_entry()) launch(line_.pop());
  line_.show();
  if (ring_.unsubmitted() > 0) enter();
}

bool UringFiles::has_entry() noexcept {
  if (!ring_.has_free_entry()) enter();
  return ring_.has_free_entry();
}

/// What is not submitted, for want of memory above all, is tried again with the next `reap`, which
/// is soon: nothing else would have the kernel take it.
void UringFiles::enter() noexcept {
  constexpr Duration pause{1'000'000};
  if (ring_.enter({.limit = Duration{}}) && ring_.unsubmitted() == 0) return;
  ring_.pause(pause);
  notify_();
}

/// There is a free entry.
void UringFiles::launch(Operation& operation) {
  io_uring_sqe& entry = ring_.next_entry();
  prepare(entry, operation, ring_.message_of(entry));
  if (has_priority(operation)) entry.ioprio = kernel_priority(operation.priority);
  if (may_name_by_place(operation.code)) {
    files_.name(entry, *operation.descriptor);
    memory_.name(entry);
  }
  if ((operation.engine_bits & waits_there) != 0) entry.flags |= IOSQE_ASYNC;
  io_uring_sqe_set_data64(&entry, user_data_of(operation, uring_attempt));
  release_by_kernel(&operation);
  with_kernel_.push_back(operation);
  count_ += 1;
}

void UringFiles::reap(OpList& done) {
  memory_.look();
  if (ring_.wants_entry() || ring_.unsubmitted() > 0) enter();
  while (ring_.ready() > 0) {
    const io_uring_cqe& completion = ring_.front();
    const std::uint64_t user_data = completion.user_data;
    const std::int32_t result = completion.res;
    ring_.pop();
    if (user_data == uring_cancel) {
      cancels_ -= 1;
      continue;
    }
    auto& operation = *reinterpret_cast<Operation*>(user_data);
    acquire_by_kernel(&operation);
    complete(operation, result);
  }
  send_cancels();
  start_waiting();
  done.append(std::move(done_));
  others_->reap(done);
}

void UringFiles::complete(Operation& operation, std::int32_t result) {
  with_kernel_.remove(operation);
  count_ -= 1;
  const bool asked = (operation.engine_bits & cancel_asked) != 0;
  if (asked && (operation.engine_bits & cancel_sent) == 0) wishes_ -= 1;
  operation.engine_bits &= static_cast<std::uint8_t>(~(cancel_asked | cancel_sent));
  // Nobody has asked: the thread that submitted it has ended.
  const bool again = result == -ECANCELED && !asked;
  const bool tried =
      may_be_punted(operation.code) && (operation.engine_bits & waits_there) == 0;
  switch (absorb(operation, again ? -EINTR : plain_result(result))) {
    case Attempt::complete:
      if (tried && operation.result >= 0) operation.descriptor->unpunted.hit();
      return done_.push_back(operation);
    case Attempt::would_block:
      if (tried) operation.descriptor->unpunted.miss();
      operation.engine_bits |= waits_there;
      break;
    case Attempt::again: break;
  }
  if (!asked) return line_.push(operation, QueueStamp::now());
  conclude(operation, -ECANCELED);
  done_.push_back(operation);
}

void UringFiles::cancel(Operation& operation) noexcept {
  if (line_.withdraw(operation, done_)) return notify_();
  for (Operation* each = with_kernel_.front(); each != nullptr; each = each->next) {
    if (each == &operation) {
      ask_cancel(operation);
      return send_cancels();
    }
  }
  others_->cancel(operation);
}

void UringFiles::cancel_all(const Descriptor& descriptor) noexcept {
  if (line_.withdraw_of(descriptor, done_)) notify_();
  for (Operation* each = with_kernel_.front(); each != nullptr; each = each->next) {
    if (each->descriptor == &descriptor) ask_cancel(*each);
  }
  send_cancels();
  others_->cancel_all(descriptor);
}

void UringFiles::ask_cancel(Operation& operation) noexcept {
  if ((operation.engine_bits & cancel_asked) != 0) return;
  operation.engine_bits |= cancel_asked;
  wishes_ += 1;
}

/// As far as there is room; the rest goes with a later `reap`.
void UringFiles::send_cancels() noexcept {
  for (Operation* each = with_kernel_.front(); each != nullptr && wishes_ > 0; each = each->next) {
    const unsigned asked = each->engine_bits & (cancel_asked | cancel_sent);
    if (asked != cancel_asked) continue;
    if (cancels_ >= most() || !has_entry()) break;
    io_uring_sqe& entry = ring_.next_entry();
    io_uring_prep_cancel64(&entry, user_data_of(*each, uring_attempt), 0);
    io_uring_sqe_set_data64(&entry, uring_cancel);
    each->engine_bits |= cancel_sent;
    wishes_ -= 1;
    cancels_ += 1;
  }
  if (ring_.unsubmitted() > 0) enter();
}

EngineUse UringFiles::use() const noexcept {
  EngineUse use = others_->use();
  line_.add_to(use);
  return use;
}

}  // namespace rota::inline v0
