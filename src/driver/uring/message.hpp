#pragma once

#include "driver/lending.hpp"
#include "driver/message.hpp"
#include "driver/uring/abi.hpp"
#include "driver/uring/bits.hpp"
#include "driver/uring/prepare.hpp"
#include "driver/uring/uring.hpp"

#include <rota/core/platform.hpp>

#include <cstddef>
#include <cstdint>

namespace rota::inline v0 {

/// The straight path of a plain message, or of a Receive on a socket, through the ring, to its
/// entry and back: what uring.cpp and complete.cpp do in a dozen steps for every kind of
/// operation, where nothing is in its way. What does not qualify takes those steps.

[[nodiscard]] inline bool is_plain_receive(const Operation& operation) noexcept {
  return operation.code == OpCode::read && operation.flags == op_lends &&
         operation.descriptor->kind == FdKind::socket;
}

[[nodiscard]] inline OpList& message_lane(const Operation& message) noexcept {
  Descriptor& descriptor = *message.descriptor;
  return message.code == OpCode::read ? descriptor.reading : descriptor.writing;
}

/// Whether it may go straight.
[[nodiscard]] inline bool goes_straight(const Operation& operation) noexcept {
  if (operation.descriptor == nullptr) return false;
  if (!is_plain_message(operation) && !is_plain_receive(operation)) return false;
  const Descriptor& descriptor = *operation.descriptor;
  const bool is_served = operation.code == OpCode::read && descriptor.ahead != nullptr;
  return !operation.stopping && descriptor.closing == nullptr && !is_served &&
         message_lane(operation).empty();
}

[[gnu::always_inline]] inline void UringDriver::start_message(Operation& operation) {
  auto& transfer = static_cast<Transfer&>(operation);
  Descriptor& descriptor = *transfer.descriptor;
  message_lane(transfer).push_back(transfer);
  count_in_kernel();
  descriptor.in_flight += 1;
  transfer.state = OpState::in_flight;
  transfer.driver_bits = bit_in_lane;
  if ((transfer.flags & op_lends) != 0) return launch_receive(static_cast<Receive&>(transfer));
  io_uring_sqe& entry = ring_.next_entry();
  prepare_message(entry, transfer, transfer.flags == op_whole ? MSG_WAITALL : 0);
  if (descriptor.placed) [[unlikely]]
    use_place(entry, descriptor);
  release_by_kernel(&transfer);
  io_uring_sqe_set_data64(&entry, user_data_of(transfer, uring_attempt));
}

/// False: nothing has happened.
[[gnu::always_inline]] inline bool UringDriver::finish_message(Operation& operation,
                                                              std::int32_t result) {
  if (!is_one_of<OpCode::read, OpCode::write>(operation.code) || result < 0) return false;
  if (operation.flags > op_whole || operation.driver_bits != bit_in_lane) return false;
  auto& transfer = static_cast<Transfer&>(operation);
  const auto count = static_cast<std::size_t>(result);
  const bool short_of_whole = transfer.flags == op_whole && transfer.moved + count < transfer.bytes;
  if (!is_alone(transfer) || short_of_whole) return false;
  transfer.moved += count;
  transfer.result = saturated(transfer.moved);
  leave_straight(transfer);
  return true;
}

/// The same.
[[gnu::always_inline]] inline bool UringDriver::finish_receive(Operation& operation,
                                                               std::int32_t result,
                                                               std::uint32_t flags) {
  if (operation.flags != op_lends || operation.driver_bits != bit_in_lane) return false;
  if (result <= 0 || (flags & IORING_CQE_F_BUFFER) == 0) return false;
  auto& receive = static_cast<Receive&>(operation);
  if (!is_alone(receive)) return false;
  take_lent(receive, flags);
  receive.moved = static_cast<std::size_t>(result);
  receive.result = result;
  note_received(*receive.descriptor, static_cast<std::uint32_t>(result), receive.buffer->bytes);
  leave_straight(receive);
  return true;
}

inline bool UringDriver::is_alone(const Transfer& transfer) noexcept {
  return transfer.descriptor->closing == nullptr && message_lane(transfer).single() == &transfer;
}

inline void UringDriver::leave_straight(Transfer& transfer) noexcept {
  in_kernel_ -= 1;
  transfer.descriptor->in_flight -= 1;
  message_lane(transfer).clear();
  finish(transfer);
}

}  // namespace rota::inline v0
