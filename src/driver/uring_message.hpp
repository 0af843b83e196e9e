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

/// False: nothing has happened.
[[gnu::always_inline]] inline bool UringDriver::start_message(Operation& operation) {
  if (!is_plain_message(operation) || operation.stopping) return false;
  auto& transfer = static_cast<Transfer&>(operation);
  Descriptor& descriptor = *transfer.descriptor;
  const bool reads = transfer.code == OpCode::read;
  OpList& lane = reads ? descriptor.reading : descriptor.writing;
  if (descriptor.closing != nullptr || descriptor.streaming != nullptr || !lane.empty()) {
    return false;
  }
  lane.push_back(transfer);
  count_in_kernel();
  descriptor.in_flight += 1;
  transfer.state = OpState::in_flight;
  transfer.driver_bits = bit_in_lane;
  io_uring_sqe& entry = ring_.next_entry();
  prepare_message(entry, transfer, transfer.flags == op_whole ? MSG_WAITALL : 0);
  release_by_kernel(&transfer);
  io_uring_sqe_set_data64(&entry, user_data_of(transfer, uring_attempt));
  return true;
}

/// False: nothing has happened.
[[gnu::always_inline]] inline bool UringDriver::finish_message(Operation& operation,
                                                              std::int32_t result) {
  if (!is_one_of<OpCode::read, OpCode::write>(operation.code) || result < 0) return false;
  if (operation.flags > op_whole || operation.driver_bits != bit_in_lane) return false;
  auto& transfer = static_cast<Transfer&>(operation);
  Descriptor& descriptor = *transfer.descriptor;
  OpList& lane = transfer.code == OpCode::read ? descriptor.reading : descriptor.writing;
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
