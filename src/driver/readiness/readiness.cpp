#include "driver/readiness/readiness.hpp"

#include "driver/message.hpp"
#include "driver/perform.hpp"
#include "driver/shared_stream.hpp"
#include "driver/wait_span.hpp"

#include <cassert>
#include <cerrno>
#include <utility>

namespace rota::inline v0 {
namespace {

/// Descriptor::driver_bits: what is armed (Interest), and above it this one.
constexpr unsigned kArmedMask = interest_all;
constexpr unsigned kVisitQueued = interest_all + 1;

/// Keeps a Descriptor that may move to another worker from doing so; false when it has. Where tasks
/// do not move `home` is null, and there is nothing to keep.
class Hold {
 public:
  Hold(Descriptor& descriptor, Worker* home) noexcept
      : descriptor_(descriptor),
        counted_(home != nullptr && descriptor.home.try_hold(home)),
        held_(counted_ || home == nullptr) {}
  ~Hold() {
    if (counted_) descriptor_.home.leave();
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  explicit operator bool() const noexcept { return held_; }

 private:
  Descriptor& descriptor_;
  const bool counted_;
  const bool held_;
};

void clear_bits(Descriptor& descriptor, unsigned bits) noexcept {
  descriptor.driver_bits = static_cast<std::uint8_t>(descriptor.driver_bits & ~bits);
}

void take_seen(Descriptor& descriptor, unsigned interest) noexcept {
  // An error or a hang-up ends whatever waits, in any lane.
  if ((interest & interest_hang_up) != 0) interest = interest_all;
  if ((interest & interest_priority) != 0) descriptor.short_read = ShortRead::proves_nothing;
  descriptor.ready_hint = static_cast<std::uint8_t>(descriptor.ready_hint | interest);
}

}  // namespace

bool ReadinessDriver::TurnBudget::look_at_clock() noexcept {
  if (used_) return false;
  const Instant look = monotonic_now();
  looks_ += 1;
  if (looks_ == 1) first_look_ = look;
  used_ = looks_ * kAttemptsPerLook >= kTurnOperations || look - first_look_ >= Duration{kTurnNs};
  if (!used_) until_look_ = kAttemptsPerLook - 1;  // This one is paid for.
  return !used_;
}

ReadinessDriver::ReadinessDriver(std::unique_ptr<Poller> poller)
    : poller_(std::move(poller)),
      traits_{.name = poller_->name(),
              .tries_first = true,
              .tries_lone_reads = true,
              .watches_edges = poller_->edge_triggered(),
              .nonblocking_fds = true,
              .any_carrier = true,
              .lets_go = poller_->edge_triggered(),
              .receives_ahead = false,
              .gives_places = false,
              .virtual_clock = false},
      ready_(kTurnOperations) {}

EngineNotify ReadinessDriver::notify() noexcept {
  // Not by `wake`: a completed file operation ends the wait, and only its result ends the turn.
  return {poller_.get(), [](void* poller) noexcept { static_cast<Poller*>(poller)->wake(); },
          poller_->wake_number()};
}

void ReadinessDriver::turn(OpList todo, Deadline until, OpList& done) {
  budget_ = TurnBudget();
  return_ended(done);
  visit_queued(done);
  while (Operation* operation = todo.pop_front()) start(*operation, done);
  for (;;) {
    if (!to_files_.empty()) files_->submit(std::exchange(to_files_, OpList()));
    const bool rest = done.empty() && visits_.empty() && !files_->needs_reap();
    collect_ready(rest ? until : Deadline::now(), done);
    reap_files(done);
    if (take_wake()) return;
    if (!done.empty() || budget_.used() || until.is_now()) return;
    if (until.passed(monotonic_now())) return;
    visit_queued(done);
  }
}

void ReadinessDriver::cancel(Operation& operation) {
  if (operation.state == OpState::in_flight) {
    if (operation.code != OpCode::close) files_->cancel(operation);
    return;
  }
  if (operation.state != OpState::queued) return;
  Descriptor& descriptor = *operation.descriptor;
  if (descriptor.streaming == &operation) {
    descriptor.streaming = nullptr;
  } else {
    lane_of(descriptor, operation.code)->remove(operation);
  }
  operation.state = OpState::idle;
  ended_.push_back(operation);
}

/// A cancelled Stream comes back even if its consumer has left results in it: the consumer must
/// learn that these are the last. Its links are free, since the list it stood in was handed out.
void ReadinessDriver::return_ended(OpList& done) noexcept {
  while (Operation* operation = ended_.pop_front()) {
    if ((operation->flags & op_stream) != 0) {
      auto& stream = static_cast<Stream&>(*operation);
      stream.armed = false;
      stream.push(StreamResult(-ECANCELED));
    } else {
      conclude(*operation, -ECANCELED);
    }
    done.push_back(*operation);
  }
}

void ReadinessDriver::wake() noexcept {
  // Release pairs with the exchange in `turn`. The flag comes first: the poller's wait may end
  // for the wake at once, and then the flag must be there.
  woken_.store(true, MemoryOrder::release);
  poller_->wake();
}

bool ReadinessDriver::take_wake() noexcept {
  // The look spares a locked instruction per turn; what it misses, the poller still holds.
  if (!woken_.load(MemoryOrder::relaxed)) return false;
  // Acquire: the caller of this turn sees what every merged wake published.
  return woken_.exchange(false, MemoryOrder::acquire);
}

void ReadinessDriver::start(Operation& operation, OpList& done) {
  if (operation.descriptor == nullptr) return hand_to_files(operation);
  if (operation.descriptor->closing != nullptr) return finish_with(operation, -EBADF, done);
  if (operation.code == OpCode::close) return begin_close(operation, done);
  if (never_waits(operation.code)) {
    perform_blocking(operation);
    return finish(operation, done);
  }
  if (lane_of(*operation.descriptor, operation.code) == &operation.descriptor->unordered) {
    return start_on_file(operation, done);
  }
  start_in_lane(operation, done);
}

void ReadinessDriver::start_in_lane(Operation& operation, OpList& done) {
  Descriptor& descriptor = *operation.descriptor;
  if (const int refused = poller_->arm_refused(descriptor); refused != 0) {
    return finish_with(operation, -refused, done);
  }
  OpList& lane = *lane_of(descriptor, operation.code);
  const bool reads = &lane == &descriptor.reading;
  if (lane.empty() && took_from_stream(operation)) return finish(operation, done);
  const bool first = lane.empty() && !(reads && descriptor.streaming != nullptr);
  if ((operation.flags & op_stream) != 0) static_cast<Stream&>(operation).armed = true;
  operation.state = OpState::queued;
  lane.push_back(operation);
  if (operation.code == OpCode::poll) {
    settle(descriptor, serve_poll(operation, done));
  } else if (first) {
    settle(descriptor,
           reads ? serve_reading(descriptor, done) : serve_lane(descriptor, lane, done));
  }
}

/// What the page cache has is read at once: a thread is never asked for what costs less than
/// asking it. The worker has counted its own try of the same read.
void ReadinessDriver::start_on_file(Operation& operation, OpList& done) {
  const Descriptor& file = *operation.descriptor;
  const bool demoted = reads_at_offset(operation.code) && file.cached.is_given_up();
  const bool worth_it = moves_at_offset(operation.code) && !demoted &&
                        may_try(file, operation.code) && budget_.take();
  if (worth_it && perform(operation)) return finish(operation, done);
  hand_to_files(operation);
}

void ReadinessDriver::hand_to_files(Operation& operation) {
  operation.state = OpState::in_flight;
  if (operation.descriptor != nullptr) operation.descriptor->in_flight += 1;
  to_files_.push_back(operation);
}

void ReadinessDriver::begin_close(Operation& operation, OpList& done) {
  Descriptor& descriptor = *operation.descriptor;
  operation.state = OpState::in_flight;
  descriptor.closing = &operation;
  end_waiting(descriptor, -ECANCELED, done);
  if (descriptor.in_flight > 0) {
    // What was started before in this turn must be in the engine's hands to be cancelled there.
    files_->submit(std::exchange(to_files_, OpList()));
    files_->cancel_all(descriptor);
  }
  try_end_close(descriptor, done);
}

/// close(2) runs here unless it lingers: else it sleeps only for a few network file systems.
void ReadinessDriver::try_end_close(Descriptor& descriptor, OpList& done) {
  if (descriptor.closing == nullptr || descriptor.in_flight > 0) return;
  Operation& closing = *descriptor.closing;
  leave_lists(descriptor);
  if (descriptor.lingers) return hand_to_files(closing);
  descriptor.closing = nullptr;
  perform_blocking(closing);
  finish(closing, done);
}

void ReadinessDriver::finish_with(Operation& operation, std::int32_t error, OpList& done) noexcept {
  if ((operation.flags & op_stream) == 0) {
    conclude(operation, error);
    finish(operation, done);
    return;
  }
  auto& stream = static_cast<Stream&>(operation);
  stream.armed = false;
  stream.state = OpState::idle;
  if (stream.push(StreamResult(error))) done.push_back(stream);
}

void ReadinessDriver::end_waiting(Descriptor& descriptor, std::int32_t error,
                                  OpList& done) noexcept {
  if (Operation* stream = std::exchange(descriptor.streaming, nullptr)) {
    finish_with(*stream, error, done);
  }
  for (OpList* lane : {&descriptor.reading, &descriptor.writing, &descriptor.polls}) {
    while (Operation* operation = lane->pop_front()) finish_with(*operation, error, done);
  }
}

void ReadinessDriver::visit_queued(OpList& done) {
  visiting_.swap(visits_);
  for (Descriptor* descriptor : visiting_) {
    const Hold hold(*descriptor, home_);
    if (!hold) continue;
    clear_bits(*descriptor, kVisitQueued);
    serve(*descriptor, done);
  }
  visiting_.clear();
}

void ReadinessDriver::collect_ready(Deadline until, OpList& done) {
  if (!arms_.empty()) drop_stale_arms();
  if (ready_.size() < arms_.size()) ready_.resize(arms_.size());
  const std::size_t count = poller_->turn(arms_, until, ready_);
  arms_.clear();
  for (std::size_t i = 0; i < count; ++i) take_report(ready_[i], done);
}

void ReadinessDriver::take_report(const Ready& report, OpList& done) {
  Descriptor& descriptor = *report.descriptor;
  const Hold hold(descriptor, home_);
  if (!hold) return;
  clear_bits(descriptor, kArmedMask);
  if (report.refused != 0) return end_waiting(descriptor, -report.refused, done);
  take_seen(descriptor, report.interest);
  if (!serve_lone_read(descriptor, done)) serve(descriptor, done);
}

void ReadinessDriver::reap_files(OpList& done) {
  OpList reaped;
  files_->reap(reaped);
  while (Operation* operation = reaped.pop_front()) {
    Descriptor* descriptor = operation->descriptor;
    finish(*operation, done);
    if (descriptor == nullptr) continue;
    descriptor->in_flight -= 1;
    if (descriptor->closing == operation) descriptor->closing = nullptr;
    try_end_close(*descriptor, done);
  }
}

void ReadinessDriver::arm(Descriptor& descriptor) {
  if (traits_.watches_edges && descriptor.registered.load(MemoryOrder::relaxed) != 0) return;
  unsigned wanted = descriptor.streaming != nullptr ? interest_read : interest_none;
  for (const OpList* lane : {&descriptor.reading, &descriptor.writing}) {
    if (lane->front() != nullptr) wanted |= interest_of(*lane->front());
  }
  for (Operation* each = descriptor.polls.front(); each != nullptr; each = each->next) {
    wanted |= interest_of(*each);
  }
  const unsigned armed = descriptor.driver_bits & kArmedMask;
  if ((wanted & ~armed) == 0) return;
  descriptor.driver_bits = static_cast<std::uint8_t>(descriptor.driver_bits | wanted);
  arms_.push_back({&descriptor, static_cast<std::uint8_t>(wanted)});
}

void ReadinessDriver::queue_visit(Descriptor& descriptor) {
  if ((descriptor.driver_bits & kVisitQueued) != 0) return;
  descriptor.driver_bits = static_cast<std::uint8_t>(descriptor.driver_bits | kVisitQueued);
  visits_.push_back(&descriptor);
}

/// What was closed since it was armed must not reach the poller: its number may be another's. Nor
/// must what nobody waits for any more, where it may go to another worker at any moment.
void ReadinessDriver::drop_stale_arms() noexcept {
  std::erase_if(arms_, [this](const Arm& arm) {
    Descriptor& descriptor = *arm.descriptor;
    const Hold hold(descriptor, home_);
    if (!hold || (descriptor.driver_bits & kArmedMask) == 0) return true;
    if (home_ == nullptr || descriptor.users != 0) return false;
    clear_bits(descriptor, kArmedMask);
    return true;
  });
}

void ReadinessDriver::let_go(Descriptor& descriptor) noexcept {
  poller_->forget(descriptor);
  if (descriptor.driver_index >= 0) files_->forget(descriptor);
}

bool ReadinessDriver::give_away(Descriptor& descriptor) noexcept {
  leave_lists(descriptor);
  return true;
}

/// Where tasks do not move nothing keeps a Descriptor from being another worker's while it stands
/// in one of these lists (Hold): whether it moves, or is closed and its place used again.
void ReadinessDriver::leave_lists(Descriptor& descriptor) noexcept {
  let_go(descriptor);
  std::erase_if(arms_, [&](const Arm& arm) { return arm.descriptor == &descriptor; });
  if ((descriptor.driver_bits & kVisitQueued) != 0) std::erase(visits_, &descriptor);
  clear_bits(descriptor, kArmedMask | kVisitQueued);
}

void ReadinessDriver::share(Worker& home) noexcept { home_ = &home; }

}  // namespace rota::inline v0
