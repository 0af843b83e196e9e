#include "driver/uring/uring.hpp"

#include <rota/core/platform.hpp>

#include "driver/io_priority.hpp"
#include "driver/nested_poll.hpp"
#include "driver/uring/bits.hpp"
#include "driver/uring/prepare.hpp"
#include "driver/uring/straight.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace rota::inline v0 {

Result<std::unique_ptr<UringDriver>> UringDriver::make(const RingRequest& request,
                                                       std::vector<Refusal>& refusals) {
  std::unique_ptr<UringDriver> driver(new UringDriver(request));
  if (const int error = driver->ring_.set_up(request, refusals); error != 0) return failure(error);
  driver->traits_.receives_ahead = driver->ring_.can(ring_receives_ahead);
  if (const int error = driver->wake_.set_up(); error != 0) {
    refusals.push_back(refused_call("io_uring", "eventfd2", error));
    return failure(error);
  }
  driver->traits_.gives_places =
      driver->ring_.can(ring_keeps_files) && driver->ring_.can(ring_installs);
  if (driver->ring_.can(ring_takes_messages)) driver->wake_.send_to(driver->ring_.number());
  if (driver->engine_request_.kind != FileEngineKind::best) {
    if (const int error = driver->make_engine(refusals); error != 0) return failure(error);
  }
  return driver;
}

UringDriver::UringDriver(const RingRequest& request) noexcept
    : traits_{.name = "io_uring",
              .tries_first = false,
              .tries_lone_reads = request.tries_lone_reads,
              .watches_edges = false,
              .nonblocking_fds = false,
              .any_carrier = request.profile != RingProfile::pinned,
              .lets_go = true,
              .receives_ahead = false,
              .gives_places = false,
              .virtual_clock = false},
      engine_request_(request.files) {
  if (engine_request_.kind == FileEngineKind::io_uring) engine_request_.kind = FileEngineKind::best;
}

UringDriver::~UringDriver() = default;

void UringDriver::begin_carry() noexcept {
  enable_once();
  ring_.place_workers();
  if (io_uring_sqe* left = ring_.first_untaken()) [[unlikely]] unlink(*left);
}

void UringDriver::enable_once() {
  if (!enabled_) ring_.enable();
  enabled_ = true;
}

/// Whoever takes a Descriptor along has this ring forget it, and is not its issuer. What has a
/// place and no number could not be taken along.
void UringDriver::share(Worker&) noexcept {
  traits_.gives_places = false;
  files_.keep_no_connections();
  if ((ring_.setup_flags() & IORING_SETUP_SINGLE_ISSUER) != 0) files_.name_none();
}

void UringDriver::turn(OpList todo, Deadline until, OpList& done) {
  enable_once();
  memory_.look();
  // What was used up since the last turn: a receive that finds no buffer costs an entry more.
  if (shared_buffers_ != nullptr) static_cast<void>(shared_buffers_->refill());
  take(std::move(todo));
  std::size_t budget = kTurnOperations;
  Deadline batches_until = Deadline::never();
  for (;;) {
    if (engine_ != nullptr) reap_engine();
    fill();
    const bool all_started = everything_started();
    const bool sleeps = all_started && dry_.empty() && finished_.empty() && !woken_ &&
                        ring_.ready() == 0;
    const Duration limit = sleeps && !until.is_now() ? until.remaining(now()) : Duration{};
    bool has_memory = true;
    if (limit > Duration{} || ring_.unsubmitted() > 0 || !ring_.has_free_entry() ||
        (ring_.ready() == 0 && ring_.wants_entry())) {
      has_memory = ring_.enter({limit, awaited()});
      if (io_uring_sqe* left = ring_.first_untaken()) [[unlikely]] unlink(*left);
    }
    budget -= reap(budget);
    if (budget == 0) break;
    if (!has_memory) {
      // Whoever called would call again at once, until memory is back.
      if (finished_.empty() && !woken_ && !until.is_now()) await_memory(until.remaining(now()));
      break;
    }
    if (!all_started) {
      // More than one batch fits into a turn, and only then is the clock asked how many.
      const Instant moment = now();
      if (batches_until.is_never()) batches_until = Deadline::at(moment + Duration{kTurnNs});
      if (batches_until.passed(moment)) break;
      continue;
    }
    if (!finished_.empty() || woken_) break;
    if (sleeps && limit <= Duration{}) break;
  }
  // The wake may have been the engine's, and nothing else would tell (`news`) what it has done.
  if (woken_ && engine_ != nullptr) reap_engine();
  woken_ = false;
  deliver(done);
}

/// Both queues lie in memory. What the kernel keeps back for the next entry it tells by a flag
/// there, and what the file engine has done comes as a wake, which is a completion.
Driver::News UringDriver::news() const noexcept {
  const bool nothing = everything_started() && dry_.empty() && finished_.empty() && !woken_ &&
                       ring_.unsubmitted() == 0 && ring_.ready() == 0 && !ring_.wants_entry();
  return nothing ? News::none : News::some;
}

/// What is in flight already may complete meanwhile, and a wake too: nothing of it needs memory.
void UringDriver::await_memory(Duration limit) {
  constexpr Duration longest_pause{1'000'000};
  ring_.pause(std::min(limit, longest_pause));
  static_cast<void>(reap(kTurnOperations));
}

void UringDriver::deliver(OpList& done) noexcept {
  if (streams_listed_) {
    for (Operation* each = finished_.front(); each != nullptr; each = each->next) {
      each->driver_bits &= ~bit_listed;
      if (each->state == OpState::idle) each->stopping = false;
    }
    streams_listed_ = false;
  }
  done.append(std::move(finished_));
}

bool UringDriver::everything_started() const noexcept {
  if (!wake_.armed() || !cancels_.empty() || !engine_done_.empty()) return false;
  const Operation* first = backlog_.front();
  return first == nullptr || held_back(*first);
}

/// For how many completions a ring that gathers sleeps: no more than can come.
std::size_t UringDriver::awaited() const noexcept {
  constexpr std::size_t most = 32;  // What a turn gains by one more is a thirtieth of its own cost.
  return std::clamp<std::size_t>(in_kernel_, 1, most);
}

/// Rule 4 of the class. Whatever it waits for ends by itself, so nobody behind it starves.
bool UringDriver::held_back(const Operation& operation) const noexcept {
  return ends_by_itself(operation) && files_in_kernel_ >= ring_.completion_entries();
}

/// Most turns start all at once.
void UringDriver::take(OpList todo) {
  if (backlog_.empty() && cancels_.empty() && wake_.armed()) {
    unsigned room = ring_.room();
    for (; room > 0 && !todo.empty() && goes_straight(*todo.front()); --room) {
      start_straight(*todo.pop_front());
    }
  }
  for (Operation* each = todo.front(); each != nullptr; each = each->next) {
    each->state = OpState::queued;
    each->driver_bits = 0;
  }
  backlog_.append(std::move(todo));
}

void UringDriver::fill() {
  if (!wake_.armed() && ring_.has_free_entry()) {
    io_uring_sqe& entry = ring_.next_entry();
    wake_.arm(entry);
    io_uring_sqe_set_data64(&entry, uring_wake);
  }
  while (!cancels_.empty() && ring_.free_entries() >= entries_of_cancel(*cancels_.back())) {
    Operation& operation = *cancels_.back();
    cancels_.pop_back();
    launch_cancel(operation);
  }
  if (!dry_.empty()) relaunch_dry();
  while (!backlog_.empty()) {
    // Each operation takes one entry, or none, or where there is room for them two. A load waits
    // for room for its own.
    unsigned room = ring_.room();
    if (room == 0) return;
    for (; room > 0 && !backlog_.empty(); --room) {
      if (held_back(*backlog_.front()) || lacks_room(*backlog_.front())) return;
      Operation& first = *backlog_.pop_front();
      if (goes_straight(first)) {
        start_straight(first);
      } else {
        admit(first);
        room = std::min(room, ring_.room() + 1);
      }
    }
  }
}

void UringDriver::admit(Operation& operation) {
  Descriptor* descriptor = operation.descriptor;
  if (operation.code == OpCode::close) return begin_close(operation);
  if (operation.stopping || (descriptor != nullptr && descriptor->closing != nullptr)) {
    return end_unstarted(operation);
  }
  if (answered_by_place(operation)) return;
  if (engine_request_.kind != FileEngineKind::best && is_for_files(operation)) {
    return give_to_engine(operation);
  }
  const std::uint32_t ability = needed_ability(operation);
  if (ability != 0 && !ring_.can(static_cast<RingAbility>(ability))) {
    return give_to_engine(operation);
  }
  if (operation.code == OpCode::load && !take_place(static_cast<Load&>(operation))) {
    return give_to_engine(operation);
  }
  if (descriptor == nullptr) return enter_kernel(operation);
  OpList& lane = *lane_of(*descriptor, operation.code);
  if ((operation.flags & op_stream) != 0) {
    auto& stream = static_cast<Stream&>(operation);
    const bool reads = stream.code == OpCode::read && traits_.receives_ahead;
    if (!reads && stream.code != OpCode::accept) return end_stream(stream, -EOPNOTSUPP);
    stream.armed = true;
  }
  operation.driver_bits |= bit_in_lane;
  const bool ordered = &lane == &descriptor->reading || &lane == &descriptor->writing;
  const bool first = lane.empty();
  lane.push_back(operation);
  if (!ordered) return enter_kernel(operation);
  if (first) start_next(*descriptor, lane);
}

void UringDriver::enter_kernel(Operation& operation) {
  count_in_kernel();
  if (ends_by_itself(operation)) files_in_kernel_ += 1;
  if (operation.descriptor != nullptr) operation.descriptor->in_flight += 1;
  operation.state = OpState::in_flight;
  if (polls_first(operation)) return launch_readiness(operation);
  if (may_be_punted(operation.code) && !operation.descriptor->unpunted.is_worth_it()) {
    operation.driver_bits |= bit_may_block;
  }
  if (operation.code == OpCode::load) return launch_load(static_cast<Load&>(operation));
  if (operation.code == OpCode::write_durably_at) {
    return launch_durably(static_cast<Transfer&>(operation));
  }
  launch(operation);
}

bool UringDriver::polls_first(const Operation& operation) const noexcept {
  if (operation.code == OpCode::wait_child) return !ring_.can(ring_waits_for_children);
  return waits_first(operation.code);
}

void UringDriver::launch(Operation& operation, std::uint8_t entry_flags) {
  if ((operation.flags & op_lends) != 0) {
    const bool ahead = (operation.flags & op_stream) != 0;
    return ahead ? launch_ahead(static_cast<Stream&>(operation))
                 : launch_receive(static_cast<Receive&>(operation));
  }
  if (operation.code == OpCode::poll) {
    auto& poll = static_cast<Poll&>(operation);
    const bool nested = (poll.driver_bits & bit_nested) != 0;
    if (nested || needs_nested_poll(poll.events)) return launch_nested(poll);
  }
  io_uring_sqe& entry = ring_.next_entry();
  if ((operation.flags & op_stream) != 0 && ring_.can(ring_accepts_multishot)) {
    prepare_accept_multishot(entry, operation);
  } else if (sends_in_place(operation)) {
    prepare_send_in_place(entry, static_cast<Transfer&>(operation));
    operation.driver_bits |= bit_in_place;
  } else {
    prepare(entry, operation, ring_.message_of(entry));
    if (has_priority(operation)) entry.ioprio = kernel_priority(operation.priority);
    if (may_name_by_place(operation.code)) {
      files_.name(entry, *operation.descriptor);
      memory_.name(entry);
    }
    if (concerns_place(operation)) [[unlikely]]
      name_place(entry, operation);
  }
  if ((operation.driver_bits & bit_may_block) != 0) entry.flags |= IOSQE_ASYNC;
  entry.flags |= entry_flags;
  operation.driver_bits &= ~bit_readiness;
  release_by_kernel(&operation);
  io_uring_sqe_set_data64(&entry, user_data_of(operation, uring_attempt));
}

void UringDriver::launch_readiness(Operation& operation) {
  io_uring_sqe& entry = ring_.next_entry();
  prepare_readiness(entry, operation);
  if (operation.descriptor->placed) use_place(entry, *operation.descriptor);
  operation.driver_bits |= bit_readiness;
  release_by_kernel(&operation);
  io_uring_sqe_set_data64(&entry, user_data_of(operation, uring_readiness));
}

void UringDriver::launch_cancel(Operation& operation) {
  if (entries_of_cancel(operation) > 1) return launch_recall(static_cast<Load&>(operation));
  io_uring_sqe& entry = ring_.next_entry();
  const bool waits = (operation.driver_bits & bit_readiness) != 0;
  const std::uint64_t target = user_data_of(operation, waits ? uring_readiness : uring_attempt);
  io_uring_prep_cancel64(&entry, target, 0);
  io_uring_sqe_set_data64(&entry, uring_cancel);
  operation.driver_bits &= ~bit_cancel_queued;
  operation.driver_bits |= bit_cancel_sent;
}

EngineUse UringDriver::engine_use() const noexcept {
  const FileEngine* engine = shown_engine_.load(MemoryOrder::acquire);
  return engine == nullptr ? EngineUse{} : engine->use();
}

/// 0, or why there is none.
int UringDriver::make_engine(std::vector<Refusal>& refusals) {
  const EngineNotify notify{
      this, [](void* driver) noexcept { static_cast<UringDriver*>(driver)->wake(); },
      wake_.number()};
  EngineRequest asked = engine_request_;
  // What is asynchronous the ring does itself.
  if (asked.kind == FileEngineKind::best) asked.kind = FileEngineKind::blocking_pool;
  auto made = make_file_engine(asked, notify, refusals);
  if (!made) return made.error().value();
  engine_ = std::move(*made);
  shown_engine_.store(engine_.get(), MemoryOrder::release);
  return 0;
}

void UringDriver::give_to_engine(Operation& operation) {
  if (engine_ == nullptr) {
    std::vector<Refusal> none;
    static_cast<void>(make_engine(none));  // A blocking pool is never refused.
  }
  in_kernel_ += 1;
  if (ends_by_itself(operation)) files_in_kernel_ += 1;
  if (operation.descriptor != nullptr) operation.descriptor->in_flight += 1;
  operation.state = OpState::in_flight;
  operation.driver_bits |= bit_engine;
  OpList one;
  one.push_back(operation);
  engine_->submit(std::move(one));
}

}  // namespace rota::inline v0
