#include "driver/uring/uring.hpp"

#include <rota/core/platform.hpp>

#include "driver/lending.hpp"
#include "driver/perform.hpp"
#include "driver/shared_stream.hpp"
#include "driver/uring/bits.hpp"
#include "driver/uring/prepare.hpp"

#include <cerrno>
#include <cstdint>

// Bytes that are received before anybody asks for them: a Stream of reads is one entry that
// completes for all that comes (multishot receive).
//
// 1. Whoever reads the Descriptor by an operation gets what came before it, in order: what the
//    Stream holds and, while it is armed, what comes next.
// 2. An entry takes from one group of buffers. One whose connection has outgrown it is cancelled,
//    and the next takes from another.
// 3. Where the kernel has found no buffer the entry is made anew in the next turn, as for a receive
//    (receive.cpp). Where none can be offered the driver makes the calls, each with a buffer that
//    nobody else has, and only while nothing of the connection waits to be taken: what a slow
//    consumer is sent stays in its socket.

namespace rota::inline v0 {

void UringDriver::launch_ahead(Stream& stream) {
  stream.driver_bits &= ~(bit_all_lent | bit_readiness);
  choose_group(stream);
  if (!offers_to(stream)) {
    stream.driver_bits |= bit_all_lent;
    return launch_readiness(stream);
  }
  io_uring_sqe& entry = ring_.next_entry();
  prepare_receive_ahead(entry, stream, group_of(stream));
  release_by_kernel(&stream);
  io_uring_sqe_set_data64(&entry, user_data_of(stream, uring_attempt));
}

/// For its next entry.
void UringDriver::choose_group(Stream& stream) noexcept {
  stream.driver_bits &= ~(bit_shared | bit_large);
  Lender* const lender = this->lender();
  if (lender != nullptr && shared_buffers_ == nullptr && ring_.can(ring_shares_buffers)) {
    shared_buffers_ = ring_.make_shared_buffers(*lender);
  }
  if (shared_buffers_ != nullptr) {
    stream.driver_bits |= bit_shared;
    return;
  }
  if (lender != nullptr && buffers_ == nullptr && ring_.can(ring_lends)) {
    buffers_ = ring_.make_buffers(*lender);
  }
  if (lent_size(*stream.descriptor) == LentSize::large) stream.driver_bits |= bit_large;
}

/// Of the entry of a Stream, or of a Receive that is started now.
std::uint16_t UringDriver::group_of(const Operation& operation) noexcept {
  if ((operation.flags & op_stream) == 0) {
    return static_cast<std::uint16_t>(lent_size(*operation.descriptor));
  }
  if ((operation.driver_bits & bit_shared) != 0) return UringSharedBuffers::kGroup;
  const bool large = (operation.driver_bits & bit_large) != 0;
  return static_cast<std::uint16_t>(large ? LentSize::large : LentSize::small);
}

/// Whether the kernel finds a buffer for it.
bool UringDriver::offers_to(const Operation& operation) noexcept {
  const std::uint16_t group = group_of(operation);
  if (group == UringSharedBuffers::kGroup) return shared_buffers_->refill();
  return buffers_ != nullptr && buffers_->refill(static_cast<LentSize>(group));
}

std::uint32_t UringDriver::offered_to(const Operation& operation) const noexcept {
  const std::uint16_t group = group_of(operation);
  if (group == UringSharedBuffers::kGroup) return shared_buffers_->offered();
  return buffers_->offered(static_cast<LentSize>(group));
}

/// What a completion has brought, if anything.
void UringDriver::on_bytes(Stream& stream, std::int32_t result, std::uint32_t flags) {
  if ((flags & IORING_CQE_F_BUFFER) == 0) return;
  const auto number = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
  const std::uint16_t group = group_of(stream);
  if (group == UringSharedBuffers::kGroup) {
    if (result > 0) {
      hand_on(stream, shared_buffers_->take(number, static_cast<std::uint32_t>(result)));
    }
    return;
  }
  LentBuffer& buffer = buffers_->take(static_cast<LentSize>(group), number);
  if (result <= 0) return lender()->take_back_unused(buffer);
  note_received(*stream.descriptor, static_cast<std::uint32_t>(result), buffer.bytes);
  hand_on(stream, StreamResult(result, &buffer));
}

bool UringDriver::has_outgrown_entry(const Stream& stream) noexcept {
  if (stream.code != OpCode::read || (stream.driver_bits & bit_shared) != 0) return false;
  const bool large = (stream.driver_bits & bit_large) != 0;
  return large != (lent_size(*stream.descriptor) == LentSize::large);
}

void UringDriver::wait_for_buffers(Operation& operation) {
  const std::uint16_t group = group_of(operation);
  if (group != UringSharedBuffers::kGroup) buffers_->ran_dry(static_cast<LentSize>(group));
  counters().dry_receives += 1;
  dry_.push_back(&operation);
}

/// There is something to receive, and no buffer on offer.
void UringDriver::receive_one(Stream& stream) {
  Receive receive;
  receive.descriptor = stream.descriptor;
  receive.lender = lender();
  if (!perform(receive)) return launch_ahead(stream);
  if (receive.result <= 0) return end_stream(stream, receive.result);
  hand_on(stream, StreamResult(receive.result, receive.buffer));
  rearm_or_settle(stream);
}

/// True: those who wait in the reading lane have taken all of it.
bool UringDriver::serve_behind(Descriptor& descriptor, StreamResult& came) {
  while (Operation* first = descriptor.reading.front()) {
    if (first->state != OpState::queued || !reads_bytes(*first)) return false;
    if (take_bytes(*first, came)) {
      descriptor.reading.remove(*first);
      finish(*first);
    }
    if (came.lease == nullptr) return true;
  }
  return false;
}

/// Gives a read what the Stream holds of bytes, and of news that end them. False: it wants more.
bool UringDriver::serve_bytes(Operation& read) {
  Descriptor& descriptor = *read.descriptor;
  Stream* const stream = descriptor.ahead;
  if (stream == nullptr || stream->code != OpCode::read) return false;
  stream->forget_cancel(-ECANCELED);
  push_spilled(*stream);
  bool complete = false;
  while (!complete && stream->has_spare()) {
    StreamResult& oldest = stream->oldest();
    if (oldest.result > 0) {
      complete = take_bytes(read, oldest);
    } else {
      complete = true;
      conclude(read, oldest.result);
    }
    if (oldest.lease == nullptr) static_cast<void>(stream->pop());
    push_spilled(*stream);
  }
  if (!complete) return false;
  descriptor.reading.remove(read);
  finish(read);
  return true;
}

}  // namespace rota::inline v0
