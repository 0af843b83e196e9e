// A Descriptor moves to another worker because somebody asked for it.
//
// Rules
//   1. The request travels as an errand to the home, which alone knows what waits on the
//      Descriptor. Whoever is the home when it arrives deals with it, or sends it on.
//   2. With anything in flight the move is refused: it would have to end somebody's wait. The one
//      exception is a Stream that nobody waits on, which is armed for its own sake: it is
//      cancelled, its results travel in its ring, and whoever asks next arms it again, on the new
//      home, or here if the move is refused. Its end comes with a turn, so the errand is asked
//      again after the next pass.
//   3. The home holds the Descriptor from inside, makes its driver forget it, puts its fields in
//      order and hands it over in one step (descriptor_home.hpp, rule 6). If that fails, because
//      somebody came in meanwhile, nothing is lost: what the driver has forgotten it learns again
//      when something waits.
//   4. What arrives at the socket meanwhile waits there. The new home believes that everything may
//      be ready until an attempt shows otherwise, so no report of the old driver is missed.

#include "sched/worker.hpp"

#include <rota/core/check_usage.hpp>
#include <rota/core/stream.hpp>
#include <rota/core/worker_calls.hpp>

#include <cerrno>
#include <span>

namespace rota::inline v0 {

bool MoveLeaf::start(Runnable& self) noexcept {
  Worker& here = *self.task->home;
  const std::span<Worker* const> workers = here.runtime().workers();
  check_usage(to_ < workers.size(),
              "a socket was sent to a worker that the runtime has not: the "
              "index must be below worker_count()");
  if (errand_.descriptor == nullptr) {
    errand_.error = EBADF;
    return false;
  }
  Worker& home = *errand_.descriptor->home;
  errand_.to = workers[to_];
  if (&home == errand_.to) return false;
  waiter = &self;
  cancel = [](Leaf&) noexcept {};
  errand_.waiter = &self;
  errand_.run = [](Errand& errand, Worker& worker) noexcept {
    worker.move(static_cast<MoveErrand&>(errand));
  };
  park(*this);
  if (&home == &here) {
    here.run_after_pass(errand_);
  } else {
    home.post(static_cast<Errand&>(errand_));
  }
  return true;
}

void Worker::move(MoveErrand& move) noexcept {
  Worker& home = *move.descriptor->home;
  if (&home == move.to) return wake(*move.waiter);
  if (&home != this) return home.post(static_cast<Errand&>(move));
  if (give_away(move) == Given::ended) return wake(*move.waiter);
  run_after_pass(move);
}

Worker::Given Worker::give_away(MoveErrand& move) noexcept {
  Descriptor& descriptor = *move.descriptor;
  if (!descriptor.home.try_hold(this)) {
    // It has gone to another worker since, and the errand follows it.
    if (&*descriptor.home != this) return Given::later;
    move.error = ECANCELED;  // It is being closed.
    return Given::ended;
  }
  Stream* stream = descriptor.ahead;
  if (stream != nullptr && stream->waiter == nullptr && disarm(*stream) == Given::later) {
    descriptor.home.leave();
    return Given::later;
  }
  if (stream != nullptr && stream->settled_at.load(MemoryOrder::relaxed) == this) {
    unsettle(descriptor);
  }
  move.error = EBUSY;
  if (!is_used(descriptor) && driver_.give_away(descriptor)) {
    descriptor.driver_bits = 0;
    if (descriptor.kind != FdKind::file) descriptor.ready_hint = interest_all;
    if (descriptor.home.try_hand_over(this, move.to)) {
      move.error = 0;
      return Given::ended;
    }
  }
  descriptor.home.leave();
  return Given::ended;
}

/// Ended: nothing of it is with the driver.
Worker::Given Worker::disarm(Stream& stream) noexcept {
  if (stream.armed) driver_.cancel(stream);
  if (stream.armed || stream.state != OpState::idle) return Given::later;
  stream.forget_cancel(-ECANCELED);
  return Given::ended;
}

/// The Stream will be armed anew by whoever asks next, wherever that is.
void Worker::unsettle(Descriptor& descriptor) noexcept {
  if (descriptor.ahead->waiter != nullptr) return;
  descriptor.ahead->settled_at.store(nullptr, MemoryOrder::relaxed);
  descriptor.users -= 1;
  descriptor.home.leave();
}

/// Whether an operation of this worker is at work on it, or will be when the driver's turn comes.
bool Worker::is_used(const Descriptor& descriptor) const noexcept {
  if (descriptor.users != 0 || descriptor.in_flight != 0 || descriptor.closing != nullptr ||
      descriptor.streaming != nullptr) {
    return true;
  }
  for (const OpList* list :
       {&descriptor.reading, &descriptor.writing, &descriptor.polls, &descriptor.unordered}) {
    if (!list->empty()) return true;
  }
  for (const OpList* list : {&todo_, &closes_}) {
    for (const Operation* each = list->front(); each != nullptr; each = each->next) {
      if (each->descriptor == &descriptor) return true;
    }
  }
  return false;
}

}  // namespace rota::inline v0
