#include "driver/uring/uring.hpp"

#include <rota/core/platform.hpp>

#include "driver/perform.hpp"
#include "driver/uring/bits.hpp"

#include <algorithm>
#include <cerrno>

namespace rota::inline v0 {

void UringDriver::cancel(Operation& operation) {
  if (operation.stopping || operation.code == OpCode::close) return;
  // The engine's thread reads `stopping`: it is not written while the operation is there.
  if ((operation.driver_bits & bit_engine) != 0) return engine_->cancel(operation);
  operation.stopping = true;
  switch (operation.state) {
    case OpState::idle:
    case OpState::posted:
      return;  // Not here yet: it is ended when it comes.
    case OpState::in_flight:
      return ask_cancel(operation);
    case OpState::queued:
      break;
  }
  Descriptor* descriptor = operation.descriptor;
  const bool in_lane = (operation.driver_bits & bit_in_lane) != 0;
  (in_lane ? *lane_of(*descriptor, operation.code) : backlog_).remove(operation);
  end_unstarted(operation);
}

/// Kept until there is an entry for it; `cancels_` has room for everything that is in the kernel.
void UringDriver::ask_cancel(Operation& operation) {
  if ((operation.driver_bits & bit_sent) != 0) return let_go(operation);
  if (operation.code == OpCode::load && !can_be_cancelled(static_cast<Load&>(operation))) return;
  if ((operation.driver_bits & (bit_cancel_queued | bit_cancel_sent)) != 0) return;
  operation.driver_bits |= bit_cancel_queued;
  cancels_.push_back(&operation);
}

/// A cancel that is not submitted yet must not hit whoever has the same address next. One that is
/// submitted cannot: entries are taken in order.
void UringDriver::forget_cancel(Operation& operation) noexcept {
  if ((operation.driver_bits & bit_cancel_queued) != 0) {
    cancels_.erase(std::find(cancels_.begin(), cancels_.end(), &operation));
  }
  operation.driver_bits &= ~(bit_cancel_queued | bit_cancel_sent);
}

void UringDriver::end_unstarted(Operation& operation) {
  if ((operation.flags & op_stream) != 0) {
    operation.stopping = true;
    return end_stream(static_cast<Stream&>(operation), -ECANCELED);
  }
  conclude(operation, -ECANCELED);
  finish(operation);
}

/// Closing an fd does not end what is in flight on it, and a request that begins later would hit
/// whoever gets the number next. So everything is cancelled, then waited for, then the ring
/// closes the number: in the same batch as other work, and on a worker thread of the kernel where
/// the file has to be flushed, which close(2) would wait for here.
void UringDriver::begin_close(Operation& close) {
  Descriptor& descriptor = *close.descriptor;
  if (descriptor.closing != nullptr) {
    close.result = -EBADF;
    return finish(close);
  }
  descriptor.closing = &close;
  close.state = OpState::in_flight;
  end_queued(descriptor.reading);
  end_queued(descriptor.writing);
  if (descriptor.streaming != nullptr) descriptor.streaming->stopping = true;
  spill_.drop(descriptor);
  if (descriptor.in_flight == 0) return end_close(descriptor);
  if (ring_.can(ring_cancels_by_fd)) {
    io_uring_sqe& entry = ring_.next_entry();
    io_uring_prep_cancel_fd(&entry, descriptor.fd, IORING_ASYNC_CANCEL_ALL);
    if (descriptor.placed) cancel_by_place(entry, descriptor);
    io_uring_sqe_set_data64(&entry, uring_cancel);
  } else if (descriptor.streaming != nullptr) {
    ask_cancel(*descriptor.streaming);
  }
  if (engine_ != nullptr) engine_->cancel_all(descriptor);
  for (OpList* list : {&descriptor.reading, &descriptor.writing, &descriptor.polls,
                       &descriptor.unordered}) {
    stop_in_kernel(*list);
  }
}

/// Nothing is in flight any more. A close that lingers is the engine's, as the ring's own may be
/// complete before the time to linger is over: a thread of the kernel closes the file after that.
void UringDriver::end_close(Descriptor& descriptor) {
  Operation& close = *descriptor.closing;
  files_.forget(descriptor);
  if (descriptor.lingers) return give_to_engine(close);
  if ((close.flags & op_keep_fd) == 0) {
    if (!descriptor.placed) close_by_kernel(descriptor.fd);
    return launch(close);
  }
  descriptor.closing = nullptr;
  close.result = 0;
  finish(close);
}

void UringDriver::stop_in_kernel(OpList& operations) {
  for (Operation* one = operations.front(); one != nullptr; one = one->next) {
    one->stopping = true;
    // What is nested is not on this fd, a path only starts there, a wait for a child has but its
    // number, and what was sent is no request.
    const bool nested = (one->driver_bits & (bit_nested | bit_sent)) != 0 ||
                        is_one_of<OpCode::open, OpCode::load, OpCode::wait_child>(one->code);
    if (nested || !ring_.can(ring_cancels_by_fd)) ask_cancel(*one);
  }
}

/// Ends what waits in a lane; the first of it may be in the kernel.
void UringDriver::end_queued(OpList& lane) {
  Operation* operation = lane.front();
  while (operation != nullptr) {
    Operation* following = operation->next;
    if (operation->state == OpState::queued) {
      lane.remove(*operation);
      end_unstarted(*operation);
    }
    operation = following;
  }
}

}  // namespace rota::inline v0
