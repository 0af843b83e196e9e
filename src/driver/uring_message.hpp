#pragma once

#include "driver/message.hpp"
#include "driver/uring.hpp"
#include "driver/uring_abi.hpp"
#include "driver/uring_bits.hpp"
#include "driver/uring_prepare.hpp"

#include <rota/core/platform.hpp>

#include <cstddef>
#include <cstdint>

namespace rota::inline v0 {

/// The straight path of a plain message through the ring, to its entry and back: what uring.cpp
/// and uring_complete.cpp do in a dozen steps for every kind of operation, where nothing is in its
/// way. What does not qualify takes those steps.

[[nodiscard]] inline OpList& message_lane(const Operation& message) noexcept {
  Descriptor& descriptor = *message.descriptor;
  return message.code == OpCode::read ? descriptor.reading : descriptor.writing;
}

/// Whether it may go straight.
[[nodiscard]] inline bool goes_straight(const Operation& operation) noexcept {
  if (operation.descriptor == nullptr || !is_plain_message(operation)) return false;
  const Descriptor& descriptor = *operation.descriptor;
  return !operation.stopping && descriptor.closing == nullptr &&
         descriptor.streaming == nullptr && message_lane(operation).empty();
}

[[gnu::always_inline]] inline void UringDriver::start_message(Operation& operation) {
  auto& transfer = static_cast<Transfer&>(operation);
  Descriptor& descriptor = *transfer.descriptor;
  message_lane(transfer).push_back(transfer);
  count_in_kernel();
  descriptor.in_flight += 1;
  transfer.state = OpState::in_flight;
  transfer.driver_bits = bit_in_lane;
  io_uring_sqe& entry = ring_.next_entry();
  prepare_message(entry, transfer, transfer.flags == op_whole ? MSG_WAITALL : 0);
  release_by_kernel(&transfer);
  io_uring_sqe_set_data64(&entry, user_data_of(transfer, uring_attempt));
}

/// False: nothing has happened.
[[gnu::always_inline]] inline bool UringDriver::finish_message(Operation& operation,
                                                              std::int32_t result) {
  if (!is_one_of<OpCode::read, OpCode::write>(operation.code) || result < 0) return false;
  if (operation.flags > op_whole || operation.driver_bits != bit_in_lane) return false;
  auto& transfer = static_cast<Transfer&>(operation);
  Descriptor& descriptor = *transfer.descriptor;
  OpList& lane = message_lane(transfer);
  const auto count = static_cast<std::size_t>(result);
  const bool short_of_whole = transfer.flags == op_whole && transfer.moved + count < transfer.bytes;
  if (descriptor.closing != nullptr || lane.single() != &transfer || short_of_whole) return false;
  transfer.moved += count;
  transfer.result = saturated(transfer.moved);
  in_kernel_ -= 1;
  descriptor.in_flight -= 1;
  lane.clear();
  finish(transfer);
  return true;
}

}  // namespace rota::inline v0
