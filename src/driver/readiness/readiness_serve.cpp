#include "driver/readiness/readiness.hpp"

#include "driver/lending.hpp"
#include "driver/message.hpp"
#include "driver/perform.hpp"
#include "driver/shared_stream.hpp"

#include <algorithm>

namespace rota::inline v0 {
namespace {

/// Enough to move a few socket buffers, and no more than its share of a turn.
constexpr int kLaneAttempts = 16;

}  // namespace

/// What most reports are for: one plain read waits on a socket, and nothing else. False: there is
/// more to serve.
bool ReadinessDriver::serve_lone_read(Descriptor& descriptor, OpList& done) {
  Operation* waiting = descriptor.reading.single();
  if (waiting == nullptr || waiting->code != OpCode::read || waiting->flags != 0) return false;
  const bool others = descriptor.streaming != nullptr || !descriptor.writing.empty() ||
                      !descriptor.polls.empty();
  if (others || descriptor.kind != FdKind::socket) return false;
  if ((descriptor.ready_hint & interest_read) == 0 || !budget_.take()) return false;
  auto& read = static_cast<Transfer&>(*waiting);
  const Attempt outcome = attempt_message<OpCode::read>(read);
  if (outcome == Attempt::again) return false;
  if (outcome == Attempt::would_block) {
    clear_hint(descriptor, interest_read);
    arm(descriptor);
    return true;
  }
  if (drained_by_message(descriptor, read)) clear_hint(descriptor, interest_read);
  descriptor.reading.clear();
  finish(read, done);
  return true;
}

/// Polls come first: what they were told by the report, a read of the same report may take away.
void ReadinessDriver::serve(Descriptor& descriptor, OpList& done) {
  if (!descriptor.polls.empty()) settle(descriptor, serve_polls(descriptor, done));
  if (!descriptor.reading.empty() || descriptor.streaming != nullptr) {
    settle(descriptor, serve_reading(descriptor, done));
  }
  if (!descriptor.writing.empty()) {
    settle(descriptor, serve_lane(descriptor, descriptor.writing, done));
  }
}

void ReadinessDriver::settle(Descriptor& descriptor, Served served) {
  if (served == Served::unfinished) queue_visit(descriptor);
  if (served == Served::parked) arm(descriptor);
}

ReadinessDriver::Served ReadinessDriver::serve_reading(Descriptor& descriptor, OpList& done) {
  for (;;) {
    if (descriptor.streaming != nullptr) {
      const Served served = serve_stream(descriptor, done);
      if (served != Served::empty) return served;
    }
    const Served served = serve_lane(descriptor, descriptor.reading, done);
    if (served != Served::empty || descriptor.reading.empty()) return served;
    descriptor.streaming = descriptor.reading.pop_front();
  }
}

/// Until the lane is empty, or a Stream is the first in it.
ReadinessDriver::Served ReadinessDriver::serve_lane(Descriptor& descriptor, OpList& lane,
                                                    OpList& done) {
  int attempts_left = kLaneAttempts;
  while (Operation* operation = lane.front()) {
    if ((operation->flags & op_stream) != 0) return Served::empty;
    if ((descriptor.ready_hint & interest_of(*operation)) == 0) return Served::parked;
    if (attempts_left-- == 0 || !budget_.take()) return Served::unfinished;
    const Attempt outcome = attempt(*operation);
    if (outcome == Attempt::again) continue;
    note_attempt(descriptor, *operation, outcome == Attempt::complete);
    if (outcome == Attempt::would_block) continue;
    if ((operation->flags & op_lends) != 0) {
      const LentBuffer* lent = static_cast<const Receive&>(*operation).buffer;
      if (lent != nullptr) budget_.note_loan(lent->bytes);
    }
    lane.remove(*operation);
    finish(*operation, done);
  }
  return Served::empty;
}

/// Empty: the Stream is disarmed.
ReadinessDriver::Served ReadinessDriver::serve_stream(Descriptor& descriptor, OpList& done) {
  auto& stream = static_cast<Stream&>(*descriptor.streaming);
  int attempts_left = kLaneAttempts;
  while (stream.armed) {
    if ((descriptor.ready_hint & interest_of(stream)) == 0) return Served::parked;
    if (attempts_left-- == 0 || !budget_.take()) return Served::unfinished;
    const Attempt outcome = attempt(stream);
    if (outcome == Attempt::again) continue;
    note_attempt(descriptor, stream, outcome == Attempt::complete);
    if (outcome == Attempt::would_block) continue;
    Operation* behind = stream.result < 0 ? nullptr : take_accept_behind(descriptor, stream.result);
    if (behind != nullptr) {
      finish(*behind, done);
    } else if (stream.push(StreamResult(stream.result))) {
      done.push_back(stream);
    }
    stream.armed = stream.result >= 0 && !stream.full();
  }
  stream.state = OpState::idle;
  descriptor.streaming = nullptr;
  return Served::empty;
}

ReadinessDriver::Served ReadinessDriver::serve_polls(Descriptor& descriptor, OpList& done) {
  Served worst = Served::empty;
  Operation* following = nullptr;
  for (Operation* each = descriptor.polls.front(); each != nullptr; each = following) {
    following = each->next;
    worst = std::max(worst, serve_poll(*each, done));
  }
  return worst;
}

/// The hint cannot answer for several events at once, nor for what somebody else left unread:
/// the kernel is asked.
ReadinessDriver::Served ReadinessDriver::serve_poll(Operation& poll, OpList& done) {
  if (!budget_.take()) return Served::unfinished;
  if (!perform(poll)) return Served::parked;
  poll.descriptor->polls.remove(poll);
  finish(poll, done);
  return Served::empty;
}

}  // namespace rota::inline v0
