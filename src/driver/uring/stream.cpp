#include "driver/uring/uring.hpp"

#include "driver/perform.hpp"
#include "driver/shared_accept.hpp"
#include "driver/uring/bits.hpp"

#include <unistd.h>

#include <cerrno>

namespace rota::inline v0 {

void UringDriver::on_stream(Stream& stream, std::int32_t result, std::uint32_t flags) {
  if (result >= 0) push_connection(stream, result);
  if ((flags & IORING_CQE_F_MORE) != 0) {
    if (stream.past_start_limit() && !stream.stopping) ask_cancel(stream);
    return;
  }
  forget_cancel(stream);
  if (stream.stopping) return end_stream(stream, -ECANCELED);
  // Without one request for every connection, each connection ends its own.
  if (result >= 0 && ring_.can(ring_accepts_multishot)) counters().restarted_streams += 1;
  // Cancelled without a wish of the consumer: the ring was half full, or see on_attempt.
  if (result >= 0 || result == -ECANCELED) return rearm_or_settle(stream);
  switch (absorb(stream, result)) {
    case Attempt::complete: return end_stream(stream, result);
    case Attempt::again: return rearm_or_settle(stream);
    case Attempt::would_block: return launch_readiness(stream);
  }
}

void UringDriver::push_connection(Stream& stream, std::int32_t connection) {
  Descriptor& listener = *stream.descriptor;
  if (Operation* behind = take_accept_behind(listener, connection)) return finish(*behind);
  if (!stream.full() && !spill_.holds(listener)) {
    push(stream, connection);
  } else if (listener.closing == nullptr) {
    spill_.add(listener, connection);
  } else {
    ::close(connection);
  }
}

void UringDriver::push(Stream& stream, std::int32_t result) noexcept {
  if (stream.push({result, 0, 0})) list(stream);
}

/// What was spilled goes first, as far as the ring has room.
void UringDriver::push_spilled(Stream& stream) noexcept {
  while (!stream.full()) {
    const int connection = spill_.take(*stream.descriptor);
    if (connection < 0) return;
    push(stream, connection);
  }
}

/// The kernel's ring knows operations, of which none is left, and files that are used often. What
/// was spilled goes with the Stream.
bool UringDriver::give_away(Descriptor& descriptor) noexcept {
  files_.forget(descriptor);
  if (descriptor.accepted == nullptr) return true;
  Stream& stream = *descriptor.accepted;
  for (int spilled = 0; !stream.full() && spilled >= 0;) {
    spilled = spill_.take(descriptor);
    if (spilled >= 0) stream.push({spilled, 0, 0});
  }
  return !spill_.holds(descriptor);
}

/// The kernel has let go of the Stream. Past the start limit it is not armed again before the
/// consumer asks, who has been told of results and finds `armed` false when they are used up.
void UringDriver::rearm_or_settle(Stream& stream) {
  push_spilled(stream);
  if (!stream.past_start_limit()) return launch(stream);
  stream.armed = false;
  leave_kernel(stream);
}

/// The last result. Where the ring has no room it is left out: a consumer that went away must not
/// be waited for, and one that goes on asks again and meets the error again. It is newer than
/// what was spilled, which after a cancel stays with the listener.
void UringDriver::end_stream(Stream& stream, std::int32_t error) {
  if (!stream.stopping) push_spilled(stream);
  if (!stream.full()) stream.push({error, 0, 0});
  stream.result = error;
  list(stream);
  stream.armed = false;
  if (stream.state == OpState::in_flight) return leave_kernel(stream);
  stream.state = OpState::idle;
}

/// Gives what a Stream holds, or what was spilled, to an accept that is the first of its lane.
/// False when the accept still has to wait, for the kernel or behind a Stream.
bool UringDriver::serve_from_spill(Operation& accept) {
  Descriptor& listener = *accept.descriptor;
  if (!took_from_stream(accept)) {
    const int connection = spill_.take(listener);
    if (connection < 0) return false;
    accept.result = connection;
  }
  listener.reading.remove(accept);
  finish(accept);
  return true;
}

/// Of a Stream that has left its lane, as its links are for `done` from here on. False: what was
/// spilled has filled it, and it is not armed.
bool UringDriver::start_stream(Stream& stream) {
  push_spilled(stream);
  if (!stream.past_start_limit()) {
    stream.descriptor->streaming = &stream;
    enter_kernel(stream);
    return true;
  }
  stream.armed = false;
  stream.state = OpState::idle;
  // A ring that was not empty when it was submitted is news to nobody, unless it ends at once.
  list(stream);
  return false;
}

void UringDriver::list(Stream& stream) noexcept {
  if ((stream.driver_bits & bit_listed) != 0) return;
  stream.driver_bits |= bit_listed;
  streams_listed_ = true;
  finished_.push_back(stream);
}

}  // namespace rota::inline v0
