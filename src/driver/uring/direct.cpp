#include "driver/uring/uring.hpp"

#include <rota/core/platform.hpp>

#include "driver/lending.hpp"
#include "driver/perform.hpp"
#include "driver/uring/bits.hpp"
#include "driver/uring/prepare.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

// Connections that have a place in the ring's table of files, and no number (Driver, rule 11).
//
// 1. An accept takes a free place before its entry is written, and gives it back unless a
//    connection came. So there is always room for what the kernel accepts, which it would drop
//    else, as it does where it has no memory for the place. Without a place the entry asks for a
//    number.
// 2. The place is the Descriptor's from then on. It is free again when the kernel has closed what
//    was there: with the close, or once a number was given and the place was closed behind it.
// 3. Nothing is done to such a connection by a system call of this thread, which would need the
//    number: what others are read by on their readiness is an entry here too.

namespace rota::inline v0 {
namespace {

constexpr std::uint32_t kBelowPlace = (1u << kPlaceShift) - 1;
static_assert(UringFileTable::kPlaces + UringFileTable::kConnections <= 1u << (32 - kPlaceShift));

void hold_place(Operation& operation, std::int32_t place) noexcept {
  operation.driver_bits |= bit_place | static_cast<std::uint32_t>(place) << kPlaceShift;
}

std::int32_t let_go_of_place(Operation& operation) noexcept {
  const auto place = static_cast<std::int32_t>(operation.driver_bits >> kPlaceShift);
  operation.driver_bits &= kBelowPlace & ~std::uint32_t{bit_place};
  return place;
}

}  // namespace

/// What needs no entry: it has a number already, or would need one.
bool UringDriver::answered_by_place(Operation& operation) {
  if (operation.descriptor == nullptr) return false;
  const bool placed = operation.descriptor->placed;
  if (placed && !may_go_by_place(operation.code)) {
    if ((operation.flags & op_stream) != 0) {
      end_stream(static_cast<Stream&>(operation), -EBADF);
    } else {
      conclude(operation, -EBADF);
      finish(operation);
    }
    return true;
  }
  if (placed || operation.code != OpCode::install) return false;
  operation.result = operation.descriptor->fd;
  finish(operation);
  return true;
}

/// The entry is prepared for a number. The kernel counts places from 1 here, and what has a place
/// is not inherited by a program in any case.
void UringDriver::name_place(io_uring_sqe& entry, Operation& operation) {
  if (!wants_place(operation)) {
    const Descriptor& placed = *operation.descriptor;
    if (operation.code != OpCode::close) return use_place(entry, placed);
    return io_uring_prep_close_direct(&entry, static_cast<unsigned>(placed.driver_index));
  }
  const std::int32_t place = traits_.gives_places ? files_.take_for_connection() : -1;
  if (place < 0) return;
  hold_place(operation, place);
  entry.accept_flags = 0;
  entry.file_index = static_cast<std::uint32_t>(place) + 1;
}

void UringDriver::cancel_by_place(io_uring_sqe& entry, const Descriptor& placed) noexcept {
  entry.fd = placed.driver_index;
  entry.cancel_flags |= IORING_ASYNC_CANCEL_FD_FIXED;
}

/// Its close is complete.
void UringDriver::leave_place(Descriptor& closed) noexcept {
  files_.leave_connection(closed.driver_index);
  closed.driver_index = -1;
  closed.placed = false;
}

/// What the attempt of an accept has come to, as `absorb` wants it.
std::int32_t UringDriver::settle_place(Operation& accept, std::int32_t result) noexcept {
  if ((accept.driver_bits & bit_place) == 0) return result;
  const std::int32_t place = let_go_of_place(accept);
  if (result >= 0) {
    accept.result_flags = result_is_place;
    return place;
  }
  files_.leave_connection(place);
  return result;
}

/// First comes the number. Then the place is closed, and what else is in flight by it goes on: it
/// is the connection's, as the number is.
void UringDriver::on_install(Operation& install, std::int32_t result) {
  Descriptor& connection = *install.descriptor;
  if ((install.driver_bits & bit_place) != 0) {
    if (result == -ECANCELED) return close_left_place(install);
    files_.leave_connection(let_go_of_place(install));
    install.result = connection.fd;
    return complete(install);
  }
  if (result >= 0) {
    hold_place(install, connection.driver_index);
    connection.fd = result;
    connection.driver_index = -1;
    connection.placed = false;
    return close_left_place(install);
  }
  // Nobody asked: see on_attempt.
  if (result == -ECANCELED && !install.stopping) result = -EINTR;
  if (absorb(install, result) == Attempt::complete) return complete(install);
  launch(install);
}

void UringDriver::close_left_place(Operation& install) noexcept {
  io_uring_sqe& entry = ring_.next_entry();
  io_uring_prep_close_direct(&entry, install.driver_bits >> kPlaceShift);
  release_by_kernel(&install);
  io_uring_sqe_set_data64(&entry, user_data_of(install, uring_attempt));
}

/// All buffers of the ring are lent, and there are bytes.
void UringDriver::launch_borrowed(Receive& receive) {
  if (!borrow(receive)) {
    conclude(receive, -ENOMEM);
    return complete(receive);
  }
  io_uring_sqe& entry = ring_.next_entry();
  prepare_message(entry, receive, MSG_DONTWAIT);
  use_place(entry, *receive.descriptor);
  receive.driver_bits &= ~bit_readiness;
  release_by_kernel(&receive);
  io_uring_sqe_set_data64(&entry, user_data_of(receive, uring_attempt));
}

/// Where somebody else has taken the bytes, readiness is waited for again, without a buffer.
void UringDriver::on_borrowed(Receive& receive, std::int32_t result) {
  if (result > 0) {
    note_received(*receive.descriptor, static_cast<std::uint32_t>(result), receive.buffer->bytes);
  } else {
    return_unused(receive);
  }
  on_attempt(receive, result);
}

}  // namespace rota::inline v0
