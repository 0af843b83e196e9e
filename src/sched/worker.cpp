#include "sched/worker.hpp"

#include <rota/core/check_usage.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/core/stream.hpp>
#include <rota/core/worker_calls.hpp>

#include "base/hooks.hpp"
#include "base/membarrier.hpp"
#include "driver/message.hpp"
#include "time/timer_list.hpp"

#include <cerrno>
#include <limits>

namespace rota::inline v0 {

Worker::Worker(RuntimeCore& runtime, Driver& driver)
    : driver_(driver),
      tries_first_(driver.traits().tries_first),
      tries_lone_reads_(driver.traits().tries_lone_reads),
      watches_edges_(driver.traits().watches_edges),
      timers_(driver.now()),
      frames_(FramePool::acquire()),
      runtime_(runtime) {}

Worker::~Worker() {
  check_usage(!has_work() && todo_.empty() && timers_.empty(),
              "a worker was destroyed with work left; what another thread still posts must end "
              "before its runtime does");
  FramePool::retire(frames_);
}

void Worker::leave() noexcept {
  leave_.store(true, MemoryOrder::seq_cst);
  if (inbox_.knock()) driver_.wake();
}

bool Worker::try_take_over() noexcept {
  if (!driver_.traits().any_carrier) return false;
  Seat* seat = seat_.load(MemoryOrder::acquire);
  if (seat == nullptr) return false;
  return seat->word.try_take(seat->word.sample(), process_barrier);
}

Worker::CarryEnd Worker::carry(Seat& seat) noexcept {
  if (seat.word.was_taken()) seat.word.renew();
  seat.worker = this;
  seat_.store(&seat, MemoryOrder::release);
  if (hooks.carrier_started != nullptr) hooks.carrier_started();
  while (!leave_.load(MemoryOrder::relaxed)) {
    if (!run_ready(seat)) return CarryEnd::taken;
    collect_inbox();
    turn(Idle::sleep);
  }
  leave_.store(false, MemoryOrder::relaxed);
  seat_.store(nullptr, MemoryOrder::release);
  seat.worker = nullptr;
  return CarryEnd::left;
}

void Worker::pass(Seat& seat, Idle idle) noexcept {
  seat.worker = this;
  if (run_ready(seat)) {
    collect_inbox();
    turn(idle);
  }
  seat.worker = nullptr;
}

/// False: the worker was taken over while a task ran; nothing of it may be touched any more.
bool Worker::run_ready(Seat& seat) noexcept {
  for (int runs = 0; runs < kBatchTasks; ++runs) {
    Runnable* runnable = ready_.pop_front();
    if (runnable == nullptr) return true;
    TaskHeader& task = *runnable->task;
    task.runs = (task.runs + 1) & TaskHeader::runs_mask;
    counters_.tasks_run += 1;
    seat.task = &task;
    seat.units_until_look = kUnitsPerLook;
    seat.looks = 0;
    seat.word.enter_task();
    runnable->resume(*runnable);
    // The task may be gone now, and the worker too. A bracket that found it taken says so by
    // `seat.worker`; else the last look is here.
    seat.task = nullptr;
    if (seat.worker == nullptr) return false;
    if (!seat.word.leave_task()) {
      seat.worker = nullptr;
      return false;
    }
    if (leave_.load(MemoryOrder::relaxed)) return true;
  }
  return true;
}

void Worker::collect_inbox() noexcept {
  take_back_stops();
  if (inbox_.empty()) [[likely]] return;
  // A poster sends an operation before the node that cancels it. So what is sent later is taken
  // first and looked at last.
  CancelNode* cancels = inbox_.take_cancels();
  StopNode* stops = inbox_.take_stops();
  Operation* operations = inbox_.take_operations();
  Runnable* runnables = inbox_.take_ready();
  while (runnables != nullptr) {
    Runnable* following = runnables->next;
    ready(*runnables);
    runnables = following;
  }
  while (operations != nullptr) {
    Operation* following = operations->next;
    operations->next = nullptr;
    start(*operations);
    operations = following;
  }
  while (stops != nullptr) {
    StopNode* following = stops->next;
    take_back(static_cast<TaskHeader&>(*stops));
    stops = following;
  }
  take_back_stops();
  while (cancels != nullptr) {
    CancelNode* following = cancels->next;
    Operation& operation = *cancels->operation;
    if (cancels->word.node_returned() == CancelWord::Returned::ask_driver) {
      cancel(operation);
    } else {
      wake(*operation.waiter);
    }
    cancels = following;
  }
}

void Worker::wake(Runnable& runnable) noexcept {
  Worker& home = *runnable.task->home;
  if (&home == this) [[likely]] {
    ready(runnable);
  } else {
    home.post(runnable);
  }
}

/// Until when the driver may sleep, once everything a waker may have published was looked at
/// again after the announcement (park_word.hpp).
Deadline Worker::announce_idle() noexcept {
  if (hooks.before_park != nullptr) hooks.before_park();
  inbox_.park_word().announce();
  if (!inbox_.empty() || leave_.load(MemoryOrder::seq_cst)) return Deadline::now();
  if (Runnable* found = runtime_.scheduler().find_work(*this)) {
    ready(*found);
    return Deadline::now();
  }
  counters_.sleeps += 1;
  return timers_.next();
}

void Worker::turn(Idle when_idle) noexcept {
  const bool idle = ready_.empty() && when_idle == Idle::sleep;
  const bool driver_has_work = !todo_.empty() || in_flight_ != 0 || streams_ != 0;
  if (!idle && !driver_has_work && timers_.empty()) return;
  if (!idle && !driver_has_work) {
    expire_timers(driver_.now());
    return;
  }
  const Deadline until = idle ? announce_idle() : Deadline::now();
  counters_.turns += 1;
  OpList done;
  driver_.turn(std::move(todo_), until, done);
  if (idle) inbox_.park_word().retract();
  const Instant now = driver_.now();  // Once per turn.
  while (Operation* operation = done.pop_front()) complete(*operation);
  expire_timers(now);
}

void Worker::expire_timers(Instant now) noexcept {
  if (timers_.empty()) return;
  TimerList due;
  timers_.expire(now, due);
  while (TimerEntry* entry = due.pop_front()) {
    counters_.timers_fired += 1;
    entry->fire(*entry);
  }
  take_back_stops();
}

namespace {

/// The kernel's offsets are signed, and -1 is its word for "at the current position".
constexpr std::uint64_t kMostOffset = std::numeric_limits<std::int64_t>::max();

/// 0 where there is none.
std::uint64_t offset_of(const Operation& operation) noexcept {
  switch (operation.code) {
    case OpCode::read_at:
    case OpCode::write_at: return static_cast<const Transfer&>(operation).offset;
    case OpCode::read_vector_at:
    case OpCode::write_vector_at: return static_cast<const VectorTransfer&>(operation).offset;
    default: return 0;
  }
}

/// The operation is another worker's: it belongs to the home of its Descriptor.
[[gnu::noinline]] void forward(Operation& operation, CancelNode& node) noexcept {
  node.operation = &operation;
  operation.forwarded = &node;
  park(operation);
  operation.descriptor->home->post(operation);
}

}  // namespace

/// A plain message of a Descriptor that lives here.
template <OpCode code>
[[gnu::always_inline]] inline bool Worker::submit_message(Transfer& transfer) noexcept {
  Descriptor& descriptor = *transfer.descriptor;
  if (tries_first_ && try_message<code>(descriptor, transfer)) {
    counters_.immediate += 1;
    return false;
  }
  park(transfer);
  // Nothing that was posted before may be overtaken.
  if (watches_edges_ && todo_.empty() && waits_for_edge(descriptor, code)) {
    in_flight_ += 1;
    stand_in_lane(transfer, code);
  } else {
    start(transfer);
  }
  return true;
}

bool Worker::worth_trying(const Operation& operation) const noexcept {
  if (tries_first_) return true;
  const bool reads_file = is_one_of<OpCode::read_at, OpCode::read_vector_at>(operation.code);
  return reads_file && tries_lone_reads_ && todo_.empty() && ready_.empty();
}

bool Worker::submit_other(Operation& operation, CancelNode& node) noexcept {
  Descriptor* descriptor = operation.descriptor;
  // What was closed, or moved from, has no Descriptor any more.
  const bool closed = descriptor == nullptr && operation.code != OpCode::open;
  if (closed || offset_of(operation) > kMostOffset) {
    operation.result = closed ? -EBADF : -EINVAL;
    return false;
  }
  if (descriptor != nullptr && descriptor->home != this) {
    forward(operation, node);
    return true;
  }
  if (descriptor != nullptr && worth_trying(operation) && try_other(operation)) {
    counters_.immediate += 1;
    return false;
  }
  park(operation);
  start(operation);
  return true;
}

[[gnu::always_inline]] inline bool Worker::submit(Operation& operation,
                                                 CancelNode& node) noexcept {
  const Descriptor* descriptor = operation.descriptor;
  const bool message =
      descriptor != nullptr && is_plain_message(operation) && descriptor->home == this;
  if (!message) return submit_other(operation, node);
  auto& transfer = static_cast<Transfer&>(operation);
  return transfer.code == OpCode::read ? submit_message<OpCode::read>(transfer)
                                       : submit_message<OpCode::write>(transfer);
}

bool submit(Operation& operation, CancelNode& node) noexcept {
  return operation.waiter->task->home->submit(operation, node);
}

/// The way that most operations go: in one piece, from the bracket to the system call.
bool start_operation(Operation& operation, CancelNode& node, Runnable& waiter,
                     void (*start_at_home)(Runnable&) noexcept) noexcept {
  Seat* seat = begin_leaf(this_seat());
  if (seat == nullptr) [[unlikely]] {
    rejoin(waiter, &operation, start_at_home);
    return true;
  }
  bool parked = false;
  if (stop_due(*waiter.task)) [[unlikely]] {
    operation.result = -ECANCELED;
  } else {
    operation.waiter = &waiter;
    operation.cancel = cancel_operation;
    parked = waiter.task->home->submit(operation, node);
  }
  parked = parked || spend_unit(*seat, waiter);
  end_leaf(*seat);
  return parked;
}

void start_yield(void* leaf, Runnable& waiter,
                 void (*start_at_home)(Runnable&) noexcept) noexcept {
  Seat* seat = begin_leaf(this_seat());
  if (seat == nullptr) [[unlikely]] return rejoin(waiter, leaf, start_at_home);
  waiter.task->home->ready(waiter);
  end_leaf(*seat);
}

void Worker::submit_unwaited(Operation& operation) noexcept { start(operation); }

void Worker::start(Operation& operation) noexcept {
  operation.state = OpState::posted;
  if ((operation.flags & op_stream) != 0) {
    streams_ += 1;
  } else {
    in_flight_ += 1;
  }
  todo_.push_back(operation);
}

void Worker::cancel(Operation& operation) noexcept {
  if (operation.state != OpState::posted) {
    driver_.cancel(operation);
    return;
  }
  todo_.remove(operation);
  operation.state = OpState::idle;
  conclude(operation, -ECANCELED);
  complete(operation);
}

inline void Worker::complete(Operation& operation) noexcept {
  counters_.completions += 1;
  if ((operation.flags & op_stream) != 0) {
    if (Runnable* waiter = std::exchange(operation.waiter, nullptr)) {
      static_cast<Stream&>(operation).promised = true;
      wake(*waiter);
    }
    return;
  }
  in_flight_ -= 1;
  // A node that cancels is still under way: its return resumes (cancel_word.hpp).
  if (operation.forwarded != nullptr && !operation.forwarded->word.complete()) return;
  if (Runnable* waiter = operation.waiter; waiter != nullptr) {
    wake(*waiter);
    return;
  }
  release_closed(*operation.descriptor);
}

/// Grows while it runs: a task that is stopped has its children stopped. It ends, for each child
/// was spawned, and its scope is stopped once.
void Worker::take_back_stops() noexcept {
  while (StopNode* stop = stops_.pop_front()) take_back(static_cast<TaskHeader&>(*stop));
}

/// The task's StopNode came back (stop_word.hpp, rule 2).
void Worker::take_back(TaskHeader& task) noexcept {
  for (;;) {
    task.stop.begin_look();
    look_at(task);
    switch (task.stop.end_look()) {
      case StopWord::Looked::again:
        continue;
      case StopWord::Looked::free:
        free_task(task);
        return;
      case StopWord::Looked::kept:
        return;
    }
  }
}

/// Does what the stops of a task ask for: stops the children of its scopes, and cancels what it is
/// parked on. A task that is not parked sees at its next wait that it must stop.
void Worker::look_at(TaskHeader& task) noexcept {
  if (task.parked == 0) {
    // It is ready, or was left behind with its thread and may be changing its regions.
    SpinGuard guard(away_regions_);
    stop_inner_scopes(task);
    return;
  }
  stop_inner_scopes(task);
  if (stop_due(task)) task.leaf->cancel(*task.leaf);
}

}  // namespace rota::inline v0
