#include "sim/sink.hpp"

#include "sim/channel.hpp"
#include "sim/world.hpp"

#include <poll.h>

namespace rota::simulation {

Sink::Sink(World& world, Endpoint& from, Channel& channel)
    : world_(world), from_(from), channel_(channel) {}

void Sink::begin() {
  from_.enter();
  woke();
}

/// Nothing is in flight.
void Sink::woke() {
  if (from_.closing()) over_ = true;
  if (over_) return end_when_idle();
  poll_or_read();
}

void Sink::poll_or_read() {
  if (!world_.random().chance(150)) return read_next();
  poll_.emplace(POLLIN | POLLRDHUP);
  poll_->descriptor = &from_.descriptor();
  in_flight_ += 1;
  world_.submit(*poll_, *this);
}

void Sink::read_next() {
  start_read(slots_[0]);
  if (world_.random().chance(400)) start_read(slots_[1]);
}

void Sink::start_read(TransferSlot& slot) {
  if (!slot.untouched()) return world_.fail("a buffer was touched between two reads");
  Random& random = world_.random();
  TransferPlan plan;
  plan.bytes = random.between(1, random.chance(500) ? 64 : TransferSlot::kBytes);
  plan.vectored = random.chance(250);
  plan.whole = random.chance(200);
  in_flight_ += 1;
  world_.submit(slot.prepare_read(from_.descriptor(), plan), *this);
}

void Sink::completed(Operation& operation) {
  in_flight_ -= 1;
  if (operation.code == OpCode::poll) {
    if (from_.lost_by(operation)) over_ = true;
    if (operation.result == 0) return world_.fail("a poll came back without an event");
  } else {
    took(operation, slots_[0].owns(operation) ? slots_[0] : slots_[1]);
  }
  if (in_flight_ > 0) return;
  if (over_) return end_when_idle();
  if (world_.random().chance(100)) return world_.nap(*this);
  woke();
}

void Sink::took(Operation& operation, TransferSlot& slot) {
  if (!slot.take_back()) return world_.fail("a read wrote more than it counted");
  const bool late_cancel = operation.stopping && operation.result > 0;
  const bool forgets = world_.has(Defect::sink_forgets_progress) && late_cancel;
  if (!forgets && !channel_.take_received(slot.content())) {
    return world_.fail("the bytes that came are not those that were sent");
  }
  if (operation.result == 0) {
    channel_.mark_ended();
    over_ = true;
  }
  if (from_.lost_by(operation)) over_ = true;
}

void Sink::end_when_idle() {
  if (in_flight_ == 0) from_.leave();
}

}  // namespace rota::simulation
