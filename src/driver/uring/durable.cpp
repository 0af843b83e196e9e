#include "driver/uring/uring.hpp"

#include <rota/core/platform.hpp>

#include "driver/io_priority.hpp"
#include "driver/perform.hpp"
#include "driver/uring/bits.hpp"
#include "driver/uring/prepare.hpp"

#include <cerrno>

// A write and its sync are two entries that are linked, so that the sync begins in the kernel, with
// no turn in between.
//
// 1. Both complete. The operation goes on when both have.
// 2. A write that is short or fails severs the link, and the sync is not begun. Then, and where
//    anything else is left to do, the rest goes one entry after the other.
// 3. The sync counts when the write was known to be whole before it came. Else it is made anew.
// 4. A cancel is for the write. A sync that has begun goes on, as on a thread.

namespace rota::inline v0 {

/// A submitter may take the first entry of two alone, and more than one call writes is more than
/// one entry: then they go one after the other.
void UringDriver::launch_durably(Transfer& transfer) {
  transfer.result = 0;
  const std::size_t left = transfer.bytes - transfer.moved;
  const bool is_one_write = left > 0 && remainder(transfer).bytes == left;
  if (!is_one_write || ring_.has_submitter() || ring_.room() < 2) return launch(transfer);
  launch(transfer, IOSQE_IO_LINK);
  io_uring_sqe& sync = ring_.next_entry();
  io_uring_prep_fsync(&sync, transfer.descriptor->fd, IORING_FSYNC_DATASYNC);
  io_uring_sqe_set_data64(&sync, user_data_of(transfer, uring_linked));
  transfer.driver_bits |= bit_writes | bit_syncs;
  files_in_kernel_ += 1;
}

void UringDriver::on_durable(Transfer& transfer, UringTag tag, std::int32_t result) {
  result = plain_result(result);
  // Nobody asked (on_attempt).
  if (result == -ECANCELED && !transfer.stopping) result = -EINTR;
  if (tag == uring_linked) return on_linked_sync(transfer, result);
  transfer.driver_bits &= ~bit_writes;
  if ((transfer.driver_bits & bit_syncs) == 0) return go_on(transfer, absorb(transfer, result));
  const unsigned asked = remainder(transfer).bytes;
  if (result > 0 && static_cast<unsigned>(result) == asked) {
    transfer.moved = transfer.bytes;
  } else if (absorb(transfer, result) == Attempt::would_block) {
    punt(transfer);
  }
}

void UringDriver::on_linked_sync(Transfer& transfer, std::int32_t result) {
  transfer.driver_bits &= ~bit_syncs;
  files_in_kernel_ -= 1;
  if ((transfer.driver_bits & bit_writes) != 0) return;
  if (transfer.result < 0) return complete(transfer);  // The write's.
  const bool counts = transfer.moved == transfer.bytes;
  go_on(transfer, absorb(transfer, counts ? result : -EINTR));
}

void UringDriver::go_on(Transfer& transfer, Attempt outcome) {
  if (outcome == Attempt::complete) return complete(transfer);
  if (outcome == Attempt::would_block) punt(transfer);
  launch(transfer);
}

/// The kernel had no memory for a later entry of a link: it is no part of that any more.
void UringDriver::unlink(io_uring_sqe& left) {
  const std::uint64_t tag = left.user_data & uring_tag_mask;
  if (tag != uring_linked && tag != uring_closing) return;
  auto& operation = *reinterpret_cast<Operation*>(left.user_data & ~std::uint64_t{uring_tag_mask});
  if (operation.code == OpCode::load) return unlink_load(static_cast<Load&>(operation), left);
  operation.driver_bits &= ~bit_syncs;
  files_in_kernel_ -= 1;
  make_void(left);
}

}  // namespace rota::inline v0
