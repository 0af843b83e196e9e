#include "driver/sim/sim.hpp"

#include "driver/perform.hpp"
#include "driver/shared_stream.hpp"
#include "driver/sim/attempt.hpp"
#include "driver/sim/mark.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <system_error>

namespace rota::inline v0 {
namespace {

constexpr std::uint32_t kMostNsPerRound = 20'000;

/// A round is cheap but not free: this many without any outcome end a turn too. Holds and late
/// cancels are far shorter.
constexpr std::size_t kRoundsPerTurn = 1024;

/// Nobody tells of a word of memory, so it is looked at after such steps of time: of real time
/// where nothing else is awaited, else of virtual time.
constexpr Duration kWordLook{1'000'000};

/// And whether somebody has woken it without a change nobody sees: so often it ends for nothing.
constexpr std::uint32_t kEmptyWakesPerMille = 50;

bool is_word_wait(const Operation* operation) noexcept {
  return operation->code == OpCode::futex_wait;
}

/// By a copy: the wait itself is not over.
bool has_changed(const FutexWait& wait) noexcept {
  FutexWait look(wait.word, wait.expected);
  return attempt(look) == Attempt::complete;
}

constexpr std::array<std::int64_t, 4> kLeaps_ns{1'000'000, 1'000'000'000, 3'600'000'000'000,
                                                86'400'000'000'000};

bool is_idle(const Descriptor& descriptor) noexcept {
  return descriptor.reading.empty() && descriptor.writing.empty() && descriptor.polls.empty() &&
         descriptor.unordered.empty() && descriptor.streaming == nullptr;
}

}  // namespace

SimDriver::SimDriver(const SimOptions& options)
    : random_(options.seed),
      faults_(options.faults),
      habits_(SimHabits::swarm(random_)),
      trace_(options.keep),
      world_(options.world),
      own_now_(habits_.begin),
      now_(world_ == nullptr ? own_now_ : world_->clock()),
      network_grace_ms_(options.network_grace_ms) {
  if (!wake_fd_.valid()) throw std::system_error(errno, std::system_category(), "eventfd2");
}

SimDriver::~SimDriver() { assert(busy_places_.empty() && without_descriptor_.empty()); }

const DriverTraits& SimDriver::traits() const noexcept {
  static constexpr DriverTraits traits{.name = "sim",
                                       .tries_first = false,
                                       .tries_lone_reads = false,
                                       .watches_edges = false,
                                       .nonblocking_fds = true,
                                       .any_carrier = true,
                                       .lets_go = true,
                                       .receives_ahead = false,
                                       .gives_places = false,
                                       .virtual_clock = true};
  return traits;
}

void SimDriver::turn(OpList todo, Deadline until, OpList& done) {
  completed_ = 0;
  woken_ = false;
  advance_clock();
  while (Operation* operation = todo.pop_front()) start(*operation, done);
  for (std::size_t round = 0; round < kRoundsPerTurn; ++round) {
    play_round(done);
    if (woken_ || completed_ > 0 || until.passed(now_)) return;
    if (!unsettled_ && rest(until)) return;
    advance_clock();
  }
}

void SimDriver::wake() noexcept { wake_fd_.wake(); }

void SimDriver::advance_clock() {
  now_ = now_ + Duration{1 + random_.below(kMostNsPerRound)};
  if (faults_.clock_jump_per_mille == 0 || !random_.chance(faults_.clock_jump_per_mille)) return;
  const std::int64_t leap_ns = random_.pick(kLeaps_ns);
  now_ = now_ + Duration{leap_ns};
  trace_.note(SimEvent::clock_jump, now_, leap_ns);
}

/// Nothing can complete before time passes or somebody outside acts.
bool SimDriver::rest(Deadline until) {
  if (faults_.spurious_wake_per_mille != 0 && random_.chance(faults_.spurious_wake_per_mille)) {
    trace_.note(SimEvent::spurious_wake, now_);
    return true;
  }
  collect_blocked();  // Anew: the round has added to them.
  const bool looks = std::ranges::any_of(blocked_, is_word_wait);
  if (looks && until.is_never() && world_ == nullptr) {
    constexpr int look_ms = 1;
    ::poll(polled_.data(), polled_.size(), look_ms);
    return false;
  }
  if (looks) until = std::min(until, Deadline::at(now_ + kWordLook));
  if (world_ != nullptr) return rest_in_world(until);
  if (until.is_never()) {
    trace_.note(SimEvent::sleep, now_);
    ::poll(polled_.data(), polled_.size(), -1);  // The next round looks at what ended it.
    return false;
  }
  if (network_comes_first(polled_, network_grace_ms_)) return false;
  now_ = std::max(now_, until.instant());
  trace_.note(SimEvent::deadline, now_);
  return true;
}

bool SimDriver::rest_in_world(Deadline until) {
  trace_.note(SimEvent::sleep, now_);
  world_->rest(polled_, until);
  if (!until.passed(now_)) return false;
  trace_.note(SimEvent::deadline, now_);
  return true;
}

void SimDriver::start(Operation& operation, OpList& done) {
  operation.result = 0;
  operation.result_flags = 0;
  operation.state = OpState::queued;
  operation.stopping = false;
  SimMark{}.put(operation);
  trace_.note(SimEvent::start, now_, operation, static_cast<std::int64_t>(bytes_left(operation)));
  hold(operation, 0);
  if (operation.descriptor == nullptr) return without_descriptor_.push_back(operation);

  Descriptor& descriptor = *operation.descriptor;
  if (descriptor.closing != nullptr) return refuse(operation, -EBADF, done);
  enter(descriptor);
  if (operation.code == OpCode::close) return start_close(operation);
  if (is_stream(operation)) static_cast<Stream&>(operation).armed = true;
  const bool is_next = descriptor.reading.empty();
  lane_of(descriptor, operation.code)->push_back(operation);
  if (is_next && took_from_stream(operation)) finish(operation, done);
}

void SimDriver::start_close(Operation& close) {
  Descriptor& descriptor = *close.descriptor;
  descriptor.closing = &close;
  for (OpList* lane :
       {&descriptor.reading, &descriptor.writing, &descriptor.polls, &descriptor.unordered}) {
    for (Operation* each = lane->front(); each != nullptr; each = each->next) ask_cancel(*each);
  }
  if (descriptor.streaming != nullptr) ask_cancel(*descriptor.streaming);
}

void SimDriver::cancel(Operation& operation) {
  const bool came_back = is_stream(operation) ? !static_cast<Stream&>(operation).armed
                                              : operation.state == OpState::idle;
  if (!came_back && operation.code != OpCode::close) ask_cancel(operation);
}

void SimDriver::ask_cancel(Operation& operation) {
  SimMark mark = SimMark::of(operation);
  if (mark.cancel_asked != 0) return;
  mark.cancel_asked = 1;
  mark.cancel_rounds = static_cast<std::uint8_t>(random_.below(habits_.late_cancel_rounds + 1));
  mark.put(operation);
  cancels_ += 1;
  trace_.note(SimEvent::cancel, now_, operation, mark.cancel_rounds);
}

void SimDriver::play_round(OpList& done) {
  unsettled_ = false;
  gather();
  probe_readiness();
  random_.shuffle(std::span(candidates_));
  for (Operation* operation : candidates_) {
    if (completed_ >= kTurnOperations) break;
    visit(*operation, done);
  }
}

void SimDriver::gather() {
  candidates_.clear();
  for (Descriptor* descriptor : busy_places_) {
    let_stream(*descriptor);
    if (descriptor->streaming != nullptr) candidates_.push_back(descriptor->streaming);
    gather_lane(descriptor->reading);
    gather_lane(descriptor->writing);
    for (OpList* lane : {&descriptor->polls, &descriptor->unordered}) {
      for (Operation* each = lane->front(); each != nullptr; each = each->next) {
        candidates_.push_back(each);
      }
    }
    if (descriptor->closing != nullptr) candidates_.push_back(descriptor->closing);
  }
  for (Operation* each = without_descriptor_.front(); each != nullptr; each = each->next) {
    candidates_.push_back(each);
  }
}

/// A Stream whose turn has come leaves the lane, for it may be in `done` while it goes on.
void SimDriver::let_stream(Descriptor& descriptor) {
  Operation* first = descriptor.reading.front();
  if (descriptor.streaming != nullptr || first == nullptr || !is_stream(*first)) return;
  descriptor.streaming = descriptor.reading.pop_front();
}

/// Those behind the first matter only when they may have to leave early.
void SimDriver::gather_lane(OpList& lane) {
  Operation* each = lane.front();
  if (each == nullptr) return;
  candidates_.push_back(each);
  if (cancels_ == 0) return;
  for (each = each->next; each != nullptr; each = each->next) candidates_.push_back(each);
}

/// The wake's fd is the last. A number below 0 is never ready.
void SimDriver::collect_blocked() {
  blocked_.clear();
  polled_.clear();
  for (Operation* operation : candidates_) {
    if (SimMark::of(*operation).blocked == 0) continue;
    blocked_.push_back(operation);
    polled_.push_back(is_word_wait(operation)
                          ? pollfd{-1, 0, 0}
                          : pollfd{operation->descriptor->fd, readiness_of(*operation), 0});
  }
  polled_.push_back({wake_fd_.number(), POLLIN, 0});
}

/// What became ready since it would have blocked may be attempted again, or be held back.
void SimDriver::probe_readiness() {
  collect_blocked();
  ::poll(polled_.data(), polled_.size(), 0);
  if (polled_.back().revents != 0) {
    wake_fd_.answer_level();
    woken_ = true;
    trace_.note(SimEvent::wake, now_);
  }
  for (std::size_t i = 0; i < blocked_.size(); ++i) {
    const bool changed = is_word_wait(blocked_[i]) &&
                         has_changed(static_cast<const FutexWait&>(*blocked_[i]));
    if (polled_[i].revents == 0 && !changed) continue;
    SimMark mark = SimMark::of(*blocked_[i]);
    mark.blocked = 0;
    mark.put(*blocked_[i]);
    hold(*blocked_[i], 0);
  }
}

void SimDriver::visit(Operation& operation, OpList& done) {
  if (operation.state == OpState::idle) return;  // By another of the round: shared_stream.hpp.
  SimMark mark = SimMark::of(operation);
  if (mark.cancel_asked != 0) {
    if (mark.cancel_rounds == 0) return stop(operation, done);
    unsettled_ = true;
    mark.cancel_rounds -= 1;
    mark.put(operation);
  }
  if (operation.code == OpCode::close && !is_idle(*operation.descriptor)) return;
  if (mark.blocked != 0 && is_word_wait(&operation) && random_.chance(kEmptyWakesPerMille)) {
    trace_.note(SimEvent::spurious_wake, now_);
    operation.result = 0;
    return finish(operation, done);
  }
  if (mark.blocked != 0 || !is_next_of_its_lane(operation)) return;
  if (mark.hold_rounds > 0) {
    unsettled_ = true;
    mark.hold_rounds -= 1;
    mark.put(operation);
    return;
  }
  try_once(operation, done);
}

void SimDriver::hold(Operation& operation, std::uint32_t least_rounds) {
  std::uint32_t rounds = least_rounds;
  if (random_.chance(habits_.held_per_mille)) rounds += random_.below(habits_.held_rounds + 1);
  unsettled_ = true;
  if (rounds == 0) return;
  SimMark mark = SimMark::of(operation);
  mark.hold_rounds = static_cast<std::uint8_t>(rounds);
  mark.put(operation);
  trace_.note(SimEvent::hold, now_, operation, rounds);
}

void SimDriver::enter(Descriptor& descriptor) {
  if (descriptor.driver_index >= 0) return;
  descriptor.driver_index = static_cast<std::int32_t>(busy_places_.size());
  busy_places_.push_back(&descriptor);
}

/// A Descriptor without operations may be gone before the next turn: nothing may point at it.
void SimDriver::leave_if_idle(Descriptor& descriptor) {
  if (!is_idle(descriptor) || descriptor.closing != nullptr) return;
  const auto place = static_cast<std::size_t>(descriptor.driver_index);
  busy_places_[place] = busy_places_.back();
  busy_places_[place]->driver_index = descriptor.driver_index;
  busy_places_.pop_back();
  descriptor.driver_index = -1;
}

std::unique_ptr<Driver> make_sim_driver(std::uint64_t seed, SimWorld* world) {
  SimOptions options;
  options.seed = seed;
  options.world = world;
  return std::make_unique<SimDriver>(options);
}

}  // namespace rota::inline v0
