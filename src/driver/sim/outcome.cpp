#include "driver/sim/sim.hpp"

#include "driver/perform.hpp"
#include "driver/shared_stream.hpp"
#include "driver/sim/attempt.hpp"
#include "driver/sim/mark.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>

// The half of SimDriver that decides what comes of one operation. The other half, sim.cpp, decides
// whose turn it is.

namespace rota::inline v0 {
namespace {

/// A tiny attempt moves at most this much: the sizes at which parsers and counters break.
constexpr std::uint32_t kTinyBytes = 16;

bool is_file_vector(OpCode code) noexcept {
  return code == OpCode::read_vector_at || code == OpCode::write_vector_at;
}

/// The result as far as every run of the seed has the same: a new fd has any number.
std::int32_t repeatable_result(const Operation& operation) noexcept {
  const bool is_fd = is_one_of<OpCode::accept, OpCode::open, OpCode::install>(operation.code);
  return is_fd ? std::min(operation.result, 0) : operation.result;
}

std::uint32_t narrow(std::size_t bytes) noexcept {
  constexpr std::size_t most = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::uint32_t>(std::min(bytes, most));
}

}  // namespace

void SimDriver::try_once(Operation& operation, OpList& done) {
  if (is_stream(operation)) return try_accept(static_cast<Stream&>(operation), done);
  const std::size_t left_before = bytes_left(operation);
  const Attempt outcome = attempt_seeded(operation);
  if (outcome == Attempt::complete) return finish(operation, done);
  if (bytes_left(operation) < left_before && faults_.stop_after_progress_per_mille != 0 &&
      random_.chance(faults_.stop_after_progress_per_mille)) {
    trace_.note(SimEvent::fault, now_, operation, ECANCELED);
    conclude(operation, -ECANCELED);
    return finish(operation, done);
  }
  if (outcome == Attempt::again) hold(operation, 0);
}

/// One attempt with everything that the seed may do to it. When it says `would_block` the
/// operation is marked: to wait for readiness, or after an injected EAGAIN for some rounds.
Attempt SimDriver::attempt_seeded(Operation& operation) {
  if (const int error = faults_.draw(random_, operation); error != 0) {
    return inject(operation, error);
  }
  const std::size_t bytes = draw_length(operation);
  trace_.note(SimEvent::attempt, now_, operation, static_cast<std::int64_t>(bytes));
  const Attempt outcome = attempt_once(operation, bytes);
  if (outcome != Attempt::would_block) return outcome;
  SimMark mark = SimMark::of(operation);
  mark.blocked = 1;
  mark.put(operation);
  unsettled_ = true;  // It is not among those that `rest` would wait for before the next round.
  trace_.note(SimEvent::block, now_, operation);
  return outcome;
}

Attempt SimDriver::inject(Operation& operation, int error) {
  trace_.note(SimEvent::fault, now_, operation, error);
  if (operation.code == OpCode::close) attempt_once(operation, 0);
  const Attempt outcome = absorb(operation, -error);
  if (outcome == Attempt::would_block) hold(operation, 1);
  if (SimFaults::ends_connection(error) && operation.descriptor->kind == FdKind::socket) {
    ::shutdown(operation.descriptor->fd, SHUT_RDWR);
  }
  return outcome;
}

std::size_t SimDriver::draw_length(const Operation& operation) {
  const std::size_t left = bytes_left(operation);
  const std::uint32_t rate = is_file_vector(operation.code) ? faults_.short_file_vector_per_mille
                                                            : habits_.short_per_mille;
  if (left < 2 || rate == 0 || !random_.chance(rate) || !may_come_short(operation)) return left;
  const std::uint32_t least = narrow(shortest(operation));
  const std::uint32_t most = narrow(left - 1);
  if (least >= most) return left;
  const bool tiny = random_.chance(500);
  return random_.between(least, tiny ? std::min(most, least + kTinyBytes) : most);
}

/// The cancel takes effect now. `stopping` lets no further attempt follow.
void SimDriver::stop(Operation& operation, OpList& done) {
  const bool raced = random_.chance(habits_.raced_cancel_per_mille);
  if (raced) trace_.note(SimEvent::cancel_raced, now_, operation);
  if (is_stream(operation)) {
    auto& stream = static_cast<Stream&>(operation);
    if (raced && operation.descriptor->streaming == &stream) try_accept(stream, done);
    if (stream.armed) end_stream(stream, -ECANCELED, done);
    return;
  }
  if (goes_to_files(operation) && (raced || has_begun(operation))) {
    return outrun_cancel(operation);
  }
  operation.stopping = true;
  if (raced && is_next_of_its_lane(operation)) {
    attempt_seeded(operation);
  } else {
    conclude(operation, -ECANCELED);
  }
  finish(operation, done);
}

/// What a file engine has begun it brings to its end: a file transfer comes short at the end of
/// the file only.
void SimDriver::outrun_cancel(Operation& operation) {
  SimMark mark = SimMark::of(operation);
  mark.cancel_asked = 0;
  mark.put(operation);
  cancels_ -= 1;
  unsettled_ = true;
}

void SimDriver::finish(Operation& operation, OpList& done) {
  trace_.note(SimEvent::complete, now_, operation, repeatable_result(operation));
  if (SimMark::of(operation).cancel_asked != 0) cancels_ -= 1;
  operation.state = OpState::idle;
  Descriptor* descriptor = operation.descriptor;
  if (descriptor == nullptr) {
    without_descriptor_.remove(operation);
  } else {
    if (operation.code == OpCode::close) {
      descriptor->closing = nullptr;
    } else {
      lane_of(*descriptor, operation.code)->remove(operation);
    }
    leave_if_idle(*descriptor);
  }
  done.push_back(operation);
  completed_ += 1;
}

/// Ends an operation that never began.
void SimDriver::refuse(Operation& operation, std::int32_t error, OpList& done) {
  trace_.note(SimEvent::complete, now_, operation, error);
  operation.state = OpState::idle;
  if (is_stream(operation)) {
    return deliver(static_cast<Stream&>(operation), StreamResult(error), done);
  }
  conclude(operation, error);
  done.push_back(operation);
  completed_ += 1;
}

void SimDriver::try_accept(Stream& stream, OpList& done) {
  Operation one(OpCode::accept);
  one.descriptor = stream.descriptor;
  one.driver_bits = stream.driver_bits;
  const Attempt outcome = attempt_seeded(one);
  stream.driver_bits = one.driver_bits;
  if (outcome == Attempt::again) return hold(stream, 0);
  if (outcome == Attempt::would_block) return;
  if (one.result < 0) return end_stream(stream, one.result, done);
  Operation* behind = stream.descriptor->reading.front();
  if (behind != nullptr && accepts_one(*behind)) {
    behind->result = one.result;
    hold(stream, 0);
    return finish(*behind, done);
  }
  trace_.note(SimEvent::complete, now_, stream);
  deliver(stream, StreamResult(one.result), done);
  if (stream.full() || random_.chance(habits_.disarmed_per_mille)) return disarm(stream);
  hold(stream, 0);
}

/// There is room: a Stream whose ring is full is not armed.
void SimDriver::end_stream(Stream& stream, std::int32_t error, OpList& done) {
  trace_.note(SimEvent::complete, now_, stream, error);
  disarm(stream);
  deliver(stream, StreamResult(error), done);
}

void SimDriver::deliver(Stream& stream, StreamResult result, OpList& done) {
  if (!stream.push(result)) return;
  done.push_back(stream);
  completed_ += 1;
}

void SimDriver::disarm(Stream& stream) {
  if (SimMark::of(stream).cancel_asked != 0) cancels_ -= 1;
  stream.armed = false;
  stream.state = OpState::idle;
  unsettled_ = true;  // A close may have waited for this.
  Descriptor& descriptor = *stream.descriptor;
  if (descriptor.streaming == &stream) {
    descriptor.streaming = nullptr;
  } else {
    descriptor.reading.remove(stream);
  }
  leave_if_idle(descriptor);
}

}  // namespace rota::inline v0
