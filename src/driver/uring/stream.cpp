#include "driver/uring/uring.hpp"

#include "core/discard.hpp"
#include "driver/lending.hpp"
#include "driver/perform.hpp"
#include "driver/shared_stream.hpp"
#include "driver/uring/bits.hpp"

#include <cerrno>

namespace rota::inline v0 {

void UringDriver::on_stream(Stream& stream, std::int32_t result, std::uint32_t flags) {
  const bool reads = stream.code == OpCode::read;
  const bool brought = reads ? result > 0 : result >= 0;
  if (reads) {
    on_bytes(stream, result, flags);
  } else if (brought) {
    hand_on(stream, StreamResult(result));
  }
  if ((flags & IORING_CQE_F_MORE) != 0) {
    const bool ends_entry = stream.past_start_limit() || has_outgrown_entry(stream);
    if (ends_entry && !stream.stopping) ask_cancel(stream);
    return;
  }
  forget_cancel(stream);
  if (stream.stopping) return end_stream(stream, -ECANCELED);
  // Without one request for every connection, each connection ends its own.
  if (brought && (reads || ring_.can(ring_accepts_multishot))) counters().restarted_streams += 1;
  // Cancelled without a wish of the consumer: the ring was half full, or see on_attempt.
  if (brought || result == -ECANCELED) return rearm_or_settle(stream);
  if (reads && result == 0) return end_stream(stream, 0);
  if (reads && result == -ENOBUFS) return wait_for_buffers(stream);
  switch (absorb(stream, result)) {
    case Attempt::complete: return end_stream(stream, result);
    case Attempt::again: return rearm_or_settle(stream);
    case Attempt::would_block: return launch_readiness(stream);
  }
}

/// To whoever stands behind the Stream and would have got it, or into its ring.
void UringDriver::hand_on(Stream& stream, StreamResult came) {
  Descriptor& descriptor = *stream.descriptor;
  if (stream.code == OpCode::accept) {
    if (Operation* behind = take_accept_behind(descriptor, came.result)) return finish(*behind);
  } else if (serve_behind(descriptor, came)) {
    return;
  }
  push_spilled(stream);
  if (!stream.full() && !spill_.holds(descriptor)) {
    push(stream, came);
  } else if (descriptor.closing == nullptr) {
    spill_.add(stream, came);
  } else {
    discard(stream.code, came);
  }
}

void UringDriver::push(Stream& stream, StreamResult result) noexcept {
  if (stream.push(result)) list(stream);
}

/// What was spilled goes first, as far as the ring has room.
void UringDriver::push_spilled(Stream& stream) noexcept {
  StreamResult spilled;
  while (!stream.full() && spill_.take(*stream.descriptor, spilled)) push(stream, spilled);
}

/// The kernel's ring knows operations, of which none is left, and files that are used often. What
/// was spilled goes with the Stream.
bool UringDriver::give_away(Descriptor& descriptor) noexcept {
  if (Stream* const stream = descriptor.ahead; stream != nullptr) {
    StreamResult spilled;
    while (!stream->full() && spill_.take(descriptor, spilled)) stream->push(spilled);
    if (spill_.holds(descriptor)) return false;
  }
  files_.forget(descriptor);
  return true;
}

/// The kernel has let go of the Stream. Past the start limit it is not armed again before the
/// consumer asks, who has been told of results and finds `armed` false when they are used up.
void UringDriver::rearm_or_settle(Stream& stream) {
  push_spilled(stream);
  if (may_rearm(stream)) return launch(stream);
  stream.armed = false;
  leave_kernel(stream);
}

bool UringDriver::may_rearm(Stream& stream) {
  if (stream.past_start_limit()) return false;
  if (stream.code != OpCode::read || stream.empty()) return true;
  choose_group(stream);
  if (offers_to(stream)) return true;
  Lender* const lender = this->lender();
  return lender == nullptr || lender->has_numbered(lent_size(*stream.descriptor));
}

/// The last result. Where the ring has no room it is left out: a consumer that went away must not
/// be waited for, and one that goes on asks again and meets the error again, or the end. It is
/// newer than what was spilled, which after a cancel stays with the Descriptor.
void UringDriver::end_stream(Stream& stream, std::int32_t last) {
  if (!stream.stopping) push_spilled(stream);
  if (!stream.full()) stream.push(StreamResult(last));
  stream.result = last;
  stream.armed = false;
  if (stream.state == OpState::queued) stream.state = OpState::idle;
  list(stream);
  if (stream.state == OpState::in_flight) leave_kernel(stream);
}

/// Gives what a Stream holds, or what was spilled, to the first of the reading lane. False when
/// that still has to wait, for the kernel or behind a Stream.
bool UringDriver::serve_from_stream(Operation& next) {
  Descriptor& descriptor = *next.descriptor;
  if (reads_bytes(next)) return serve_bytes(next);
  if (!accepts_one(next)) return false;
  if (!took_from_stream(next)) {
    StreamResult spilled;
    if (!spill_.take(descriptor, spilled)) return false;
    next.result = spilled.result;
  }
  descriptor.reading.remove(next);
  finish(next);
  return true;
}

/// Of a Stream that has left its lane, as its links are for `done` from here on. False: what was
/// spilled has filled it, and it is not armed.
bool UringDriver::start_stream(Stream& stream) {
  push_spilled(stream);
  const bool starts = !stream.past_start_limit();
  if (starts) {
    stream.descriptor->streaming = &stream;
    enter_kernel(stream);
  } else {
    stream.armed = false;
    stream.state = OpState::idle;
  }
  if (!stream.empty()) list(stream);
  return starts;
}

/// One that waits to be started is linked where it waits. What it holds then is told at its start.
void UringDriver::list(Stream& stream) noexcept {
  if ((stream.driver_bits & bit_listed) != 0 || stream.state == OpState::queued) return;
  stream.driver_bits |= bit_listed;
  streams_listed_ = true;
  finished_.push_back(stream);
}

}  // namespace rota::inline v0
