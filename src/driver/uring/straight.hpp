#pragma once

#include "driver/io_priority.hpp"
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

/// The straight path of a plain message, of a Receive on a socket, or of a read or write at an
/// offset through the ring, to its entry and back: what uring.cpp and complete.cpp do in a dozen
/// steps for every kind of operation, where nothing is in its way. What does not qualify takes
/// those steps.

[[nodiscard]] inline bool is_plain_receive(const Operation& operation) noexcept {
  return operation.code == OpCode::read && operation.flags == op_lends &&
         operation.descriptor->kind == FdKind::socket;
}

[[nodiscard]] inline OpList& message_lane(const Operation& message) noexcept {
  Descriptor& descriptor = *message.descriptor;
  return message.code == OpCode::read ? descriptor.reading : descriptor.writing;
}

[[nodiscard]] inline bool is_plain_transfer_at(const Operation& operation) noexcept {
  return is_one_of<OpCode::read_at, OpCode::write_at>(operation.code) &&
         (operation.flags & ~op_whole) == 0;
}

/// Whether it may go straight.
[[gnu::always_inline]] inline bool UringDriver::goes_straight(
    const Operation& operation) const noexcept {
  if (operation.descriptor == nullptr || operation.stopping) return false;
  const Descriptor& descriptor = *operation.descriptor;
  if (descriptor.closing != nullptr) return false;
  if (is_plain_transfer_at(operation)) {
    return !descriptor.placed && !descriptor.unpunted.is_given_up() && !held_back(operation) &&
           engine_request_.kind == FileEngineKind::best;
  }
  if (!is_plain_message(operation) && !is_plain_receive(operation)) return false;
  const bool is_served = operation.code == OpCode::read && descriptor.ahead != nullptr;
  return !is_served && message_lane(operation).empty();
}

[[gnu::always_inline]] inline void UringDriver::start_straight(Operation& operation) {
  auto& transfer = static_cast<Transfer&>(operation);
  return moves_at_offset(transfer.code) ? start_at(transfer) : start_message(transfer);
}

inline void UringDriver::start_at(Transfer& transfer) {
  Descriptor& file = *transfer.descriptor;
  file.unordered.push_back(transfer);
  count_in_kernel();
  files_in_kernel_ += 1;
  file.in_flight += 1;
  transfer.state = OpState::in_flight;
  transfer.driver_bits = bit_in_lane;
  io_uring_sqe& entry = ring_.next_entry();
  prepare_at(entry, transfer);
  entry.ioprio = kernel_priority(transfer.priority);
  files_.name(entry, file);
  memory_.name(entry);
  release_by_kernel(&transfer);
  io_uring_sqe_set_data64(&entry, user_data_of(transfer, uring_attempt));
}

[[gnu::always_inline]] inline void UringDriver::start_message(Transfer& transfer) {
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
[[gnu::always_inline]] inline bool UringDriver::finish_at(Operation& operation,
                                                         std::int32_t result) {
  if (!is_plain_transfer_at(operation) || result < 0) return false;
  if (operation.driver_bits != bit_in_lane) return false;
  auto& transfer = static_cast<Transfer&>(operation);
  Descriptor& file = *transfer.descriptor;
  const auto count = static_cast<std::size_t>(result);
  const bool is_short = count != 0 && transfer.moved + count < transfer.bytes;
  if (is_short || file.closing != nullptr) return false;
  transfer.moved += count;
  transfer.result = saturated(transfer.moved);
  in_kernel_ -= 1;
  files_in_kernel_ -= 1;
  file.in_flight -= 1;
  file.unordered.remove(transfer);
  file.unpunted.hit();
  finish(transfer);
  return true;
}

/// The same.
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
