#include "driver/uring/uring.hpp"

#include <rota/core/platform.hpp>

#include "driver/perform.hpp"
#include "driver/uring/bits.hpp"
#include "driver/uring/prepare.hpp"

#include <cerrno>
#include <utility>

// A load is three entries that are linked: the ring opens the file into a place of its table, reads
// it there, and closes the place. No number is used.
//
// 1. The links are hard: each entry begins when the one before it has ended, however that was. So
//    what was opened is closed; and without a file the other two only say that there is none.
// 2. All three complete, so three completions are owed for one operation. That goes on when they
//    have come, and so has a recall. Only then is its place free for another.
// 3. Where the close was not done (the kernel had no memory for the end of the link, or the thread
//    that submitted has ended) the place is cleared by a call.
// 4. A cancel is for the entry that is out. Between the end of the open and the beginning of the
//    read there is neither: an open that succeeds all the same has the read recalled.
// 5. A recall is a cancel behind an entry that does nothing: the kernel has begun the read by then,
//    if both are of one thread. What it does not find is recalled again after a pause; it never
//    finds a read that waits for a device, which ends by itself.
// 6. What may wait for a peer is not held back (rule 4 of the class). A batch has room in the queue
//    for all three, and what more comes at once is kept by the kernel.

namespace rota::inline v0 {
namespace {

constexpr unsigned kEntries = 3;

std::int32_t place_of(const Load& load) noexcept {
  return static_cast<std::int32_t>(load.driver_bits >> kLoadPlaceShift);
}

/// Of the first entry that tells by itself. An open that was not begun tells nothing, nor does a
/// read without a file.
std::int32_t outcome_of(const Load& load) noexcept {
  if (load.opened < 0 && load.opened != -ECANCELED) return load.opened;
  if (load.result >= 0) return load.result;
  if (load.opened < 0) return load.result == -EBADF ? -ECANCELED : load.result;
  // Opened and not closed: the rest of the link was not done.
  return (load.driver_bits & bit_placed) != 0 ? -ECANCELED : load.result;
}

}  // namespace

static_assert(UringFileTable::kPlaces <= 1u << (32 - kLoadPlaceShift));

/// A submitter may take the first entries alone.
bool UringDriver::loads_by_place() const noexcept {
  return ring_.can(ring_keeps_files) && !ring_.has_submitter() && ring_.entries() >= kEntries;
}

bool UringDriver::lacks_room(const Operation& operation) const noexcept {
  return operation.code == OpCode::load && ring_.room() < kEntries && loads_by_place();
}

/// False: a thread of the file engine does it, by a number. What waits for a place could wait for
/// ever, as whoever has it may.
bool UringDriver::take_place(Load& load) noexcept {
  const std::int32_t place = loads_by_place() ? files_.take_place() : -1;
  if (place < 0) return false;
  load.driver_bits |= static_cast<std::uint32_t>(place) << kLoadPlaceShift;
  return true;
}

/// It has a place, and there is room for its entries.
void UringDriver::launch_load(Load& load) {
  const LoadEntries entries{ring_.next_entry(), ring_.next_entry(), ring_.next_entry()};
  prepare_load(entries, load, place_of(load));
  memory_.name(entries.read);
  load.opened = -ECANCELED;
  load.result = -ECANCELED;
  load.driver_bits |= bit_opens | bit_reads | bit_closes | bit_placed;
  release_by_kernel(&load);
  io_uring_sqe_set_data64(&entries.open, user_data_of(load, uring_attempt));
  io_uring_sqe_set_data64(&entries.read, user_data_of(load, uring_linked));
  io_uring_sqe_set_data64(&entries.close, user_data_of(load, uring_closing));
}

void UringDriver::launch_recall(Load& load) {
  static __kernel_timespec pause{0, 10'000'000};
  const bool again = (load.driver_bits & bit_recalled) != 0;
  io_uring_sqe& before = ring_.next_entry();
  make_void(before);
  if (again) io_uring_prep_timeout(&before, &pause, 0, 0);
  io_uring_sqe_set_data64(&before, uring_cancel);
  before.flags |= IOSQE_IO_HARDLINK;
  io_uring_sqe& entry = ring_.next_entry();
  io_uring_prep_cancel64(&entry, user_data_of(load, uring_linked), 0);
  io_uring_sqe_set_data64(&entry, user_data_of(load, uring_recall));
  load.driver_bits &= ~bit_cancel_queued;
  load.driver_bits |= bit_cancel_sent | bit_recalls;
}

void UringDriver::on_load(Load& load, UringTag tag, std::int32_t result) {
  switch (tag) {
    case uring_linked:
      load.result = plain_result(result);
      load.driver_bits &= ~bit_reads;
      if ((load.driver_bits & bit_cancel_queued) != 0) forget_cancel(load);
      break;
    case uring_closing:
      load.driver_bits &= ~bit_closes;
      if (result == 0 || result == -EBADF) load.driver_bits &= ~bit_placed;
      break;
    case uring_recall:
      load.driver_bits &= ~(bit_recalls | bit_cancel_sent);
      load.driver_bits |= bit_recalled;
      if (result != 0 && result != -EALREADY) ask_cancel(load);
      break;
    default: on_opened(load, plain_result(result)); break;
  }
  constexpr std::uint32_t any = bit_opens | bit_reads | bit_closes | bit_recalls;
  if ((load.driver_bits & any) == 0) end_load(load);
}

void UringDriver::on_opened(Load& load, std::int32_t result) {
  load.opened = result;
  load.driver_bits &= ~bit_opens;
  if (!load.stopping) return;
  forget_cancel(load);
  if (result >= 0) ask_cancel(load);
}

/// Nothing of it is with the kernel.
void UringDriver::end_load(Load& load) {
  std::int32_t outcome = outcome_of(load);
  if (outcome == -ECANCELED && !load.stopping) outcome = -EINTR;  // Nobody asked (on_attempt).
  if ((load.driver_bits & bit_placed) != 0) files_.clear(place_of(load));
  files_.give_back(place_of(load));
  if (absorb(load, outcome) == Attempt::complete) return complete(load);
  start_anew(load);
}

/// As if it had just come, and before everybody: its Descriptor is not being closed, as it was not
/// asked to stop, and a close that has come since is to meet it.
void UringDriver::start_anew(Operation& operation) {
  leave_kernel(operation);
  operation.state = OpState::queued;
  operation.driver_bits = 0;
  OpList first;
  first.push_back(operation);
  first.append(std::move(backlog_));
  backlog_ = std::move(first);
}

/// An open that runs alone leaves its file in the place, and so does a read without its close.
void UringDriver::unlink_load(Load& load, io_uring_sqe& left) noexcept {
  if ((left.user_data & uring_tag_mask) == uring_linked) {
    load.driver_bits &= ~bit_reads;
    make_void(ring_.entry_after(left));
  }
  load.driver_bits &= ~bit_closes;
  make_void(left);
}

}  // namespace rota::inline v0
