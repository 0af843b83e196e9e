#include "sched/worker.hpp"

#include <rota/core/check_usage.hpp>
#include <rota/core/worker_calls.hpp>

#include "base/membarrier.hpp"
#include "sched/crew.hpp"

#include <sched.h>

#include <algorithm>
#include <utility>

namespace rota::inline v0 {

Worker::Worker(RuntimeCore& runtime, Driver& driver, std::uint16_t index)
    : queue_(runtime.shared() != nullptr ? RunQueue::Kind::stealable : RunQueue::Kind::own),
      driver_(driver),
      tries_first_(driver.traits().tries_first),
      tries_lone_reads_(driver.traits().tries_lone_reads),
      watches_edges_(driver.traits().watches_edges),
      moves_tasks_(runtime.shared() != nullptr),
      crew_(runtime.crew()),
      timers_(driver.now()),
      frames_(FramePool::acquire()),
      idle_wait_(driver.traits().virtual_clock ? WaitRule{} : runtime.wait_rule()),
      runtime_(runtime),
      root_(*this),
      sole_(!moves_tasks_),
      index_(index),
      forks_(&ForkStore::acquire(runtime.shared())) {
  if (moves_tasks_) driver.share(*this);
}

Worker::Root::Root(Worker& worker) noexcept
    : scope(worker.runtime_, ScopeCore::OnFailure::keep_siblings) {
  if (!worker.moves_tasks_) scope.begin_alone_with(worker);
  run = [](Errand& self, Worker&) noexcept { static_cast<Root&>(self).scope.stop_all(); };
}

void Worker::stop_root() noexcept {
  if (!root_.stopping.exchange(true, MemoryOrder::relaxed)) post(static_cast<Errand&>(root_));
}

Worker::~Worker() {
  check_usage(!has_work() && todo_.empty() && timers_.empty(),
              "a worker was destroyed with work left; what another thread still posts must end "
              "before its runtime does");
  ForkStore::retire(*forks_.load(MemoryOrder::relaxed));
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
  if (!seat->word.try_take(seat->word.sample(), process_barrier)) return false;
  sole_.store(false, MemoryOrder::relaxed);
  // The thread is still at work on what it has forked.
  forks_.store(&ForkStore::acquire(runtime_.shared()), MemoryOrder::release);
  return true;
}

std::uint64_t Worker::tick() const noexcept {
  const Seat* seat = seat_.load(MemoryOrder::acquire);
  return seat != nullptr ? seat->word.sample() : 0;
}

void Worker::try_tend(std::uint64_t tick) noexcept {
  if (!driver_.traits().any_carrier) return;
  Seat* seat = seat_.load(MemoryOrder::acquire);
  if (seat == nullptr || !seat->word.try_borrow(tick, process_barrier)) return;
  counters_.tended += 1;
  account_.tend([this] {
    collect_inbox();
    turn(Idle::return_at_once);
  });
  seat->word.give_back();
}

Worker::CarryEnd Worker::carry(Seat& seat) noexcept {
  if (seat.word.was_taken()) seat.word.renew();
  seat.worker = this;
  seat.forks = forks_.load(MemoryOrder::relaxed);
  driver_.begin_carry();  // Before a neighbour can turn it.
  seat_.store(&seat, MemoryOrder::release);
  if (hooks.carrier_started != nullptr) hooks.carrier_started();
  account_.begin_carry(driver_);
  while (!leave_.load(MemoryOrder::relaxed)) {
    if (!run_ready(seat)) return CarryEnd::taken;
    collect_inbox();
    turn(Idle::sleep);
  }
  account_.pause(driver_);
  hand_over_frees();
  leave_.store(false, MemoryOrder::relaxed);
  seat_.store(nullptr, MemoryOrder::release);
  seat.worker = nullptr;
  seat.forks = nullptr;
  return CarryEnd::left;
}

void Worker::pass(Seat& seat, Idle idle) noexcept {
  seat.worker = this;
  seat.forks = forks_.load(MemoryOrder::relaxed);
  if (run_ready(seat)) {
    collect_inbox();
    turn(idle);
    hand_over_frees();
    seat.worker = nullptr;
    seat.forks = nullptr;
    account_.pause(driver_);
  }
}

/// As many runs, or for as long a time, as the driver, the timers and the inbox may wait.
/// False: the worker was taken over while a task ran; nothing of it may be touched any more.
bool Worker::run_ready(Seat& seat) noexcept {
  if (queue_.empty()) return true;
  account_.begin_batch(driver_);
  for (int runs = 0; runs < kBatchTasks; ++runs) {
    Runnable* runnable = queue_.pop();
    if (runnable == nullptr) return true;
    TaskHeader& task = *runnable->task;
    if (moves_tasks_) {
      bring_home(task);
    } else if (crew_ != nullptr) [[unlikely]] {
      let_others_come(Crossing::run);
    }
    task.runs = (task.runs + 1) & TaskHeader::runs_mask;
    counters_.tasks_run += 1;
    seat.task = &task;
    seat.units_until_look = kUnitsPerLook;
    seat.looks = 0;
    account_.begin_run(*runnable, driver_);
    seat.word.enter_task();
    runnable->resume(*runnable);
    // The task may be gone now, and the worker too. A bracket that found it taken says so by
    // `seat.worker`; else the last look is here.
    seat.task = nullptr;
    if (seat.worker == nullptr || !seat.word.leave_task()) return part(seat);
    if (account_.end_run(driver_) || leave_.load(MemoryOrder::relaxed)) return true;
  }
  return true;
}

/// The thread goes without the worker, and nobody else knows what it has forked any more.
bool Worker::part(Seat& seat) noexcept {
  seat.worker = nullptr;
  ForkStore::retire(*std::exchange(seat.forks, nullptr));
  return false;
}

bool Worker::steal_fork(const Worker& victim) noexcept {
  ForkFrame* stolen = victim.forks_.load(MemoryOrder::acquire)->steal();
  if (stolen == nullptr) return false;
  queue_.push_own(forks_.load(MemoryOrder::relaxed)->stolen_run(*stolen, *this));
  return true;
}

void Worker::let_others_come(Crossing crossing) noexcept {
  if (hooks.crossing != nullptr) hooks.crossing(crossing);
  if (crew_ != nullptr) crew_->cross();
}

/// Before a task runs that may come from another worker. There is more to run than this one can at
/// once: others may come and steal. That somebody is idle is asked behind a fence (IdleSet::claim),
/// or one who has just looked could sleep over what waits here for as long as this task runs.
void Worker::bring_home(TaskHeader& task) noexcept {
  const bool moves = task.home != this;
  cross(moves ? Crossing::move : Crossing::run);
  if (moves) task.home.move_to(this);
  task.parked = 0;
  if (!queue_.empty()) runtime_.scheduler().surplus(*this);
}

void Worker::collect_inbox() noexcept {
  take_back_stops();
  if (!closes_.empty()) [[unlikely]]
    retry_closes();
  if (!errands_.empty()) run_errands(std::exchange(errands_, FifoList<Errand>()).front());
  if (inbox_.empty()) [[likely]]
    return;
  // A poster sends an operation before the node that cancels it. So what is sent later is taken
  // first and looked at last.
  CancelNode* cancels = inbox_.take_cancels();
  StopNode* stops = inbox_.take_stops();
  Errand* errands = inbox_.take_errands();
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
    start_arrived(*operations);
    operations = following;
  }
  run_errands(errands);
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
      end(operation);
    }
    cancels = following;
  }
}

void Worker::run_errands(Errand* errands) noexcept {
  while (errands != nullptr) {
    Errand* following = errands->next;
    errands->run(*errands, *this);
    errands = following;
  }
}

void Worker::wake(Runnable& runnable) noexcept {
  Worker& home = *runnable.task->home;
  if (&home == this) [[likely]] {
    ready(runnable);
  } else if (moves_tasks_) {
    ready_from_elsewhere(runnable);
  } else {
    home.post(runnable);
  }
}

/// Until when the driver may sleep, once everything a waker may have published was looked at
/// again after the announcement (park_word.hpp).
Deadline Worker::announce_idle() noexcept {
  cross(Crossing::idle);
  counters_.announced += 1;
  inbox_.park_word().announce();
  cross(Crossing::last);
  const Deadline until = runtime_.scheduler().before_sleep(*this);
  const bool stays = inbox_.empty() && queue_.empty() && !leave_.load(MemoryOrder::seq_cst);
  if (!stays) return Deadline::now();
  counters_.sleeps += 1;
  runtime_.note_idle();
  return std::min(next_timer(), until);
}

/// What tasks here have freed of other workers' frames goes to their pools. Only by the carrier:
/// the batches of its forks are its thread's own.
void Worker::hand_over_frees() noexcept {
  frames_.hand_over();
  forks_.load(MemoryOrder::relaxed)->frames().hand_over();
}

/// With nothing to run.
IdleWait::Step Worker::idle_step() noexcept {
  if (!idle_wait_.may_spin()) [[likely]]
    return IdleWait::Step::sleep;
  if (runtime_.is_awaited()) {
    idle_wait_.give_up();
    return IdleWait::Step::sleep;
  }
  auto news = Driver::News::none;
  if (!todo_.empty()) {
    news = Driver::News::some;
  } else if (in_flight_ != 0 || streams_ != 0) {
    news = driver_.news();
  }
  return idle_wait_.next(counters_.tasks_run, news, driver_.now());
}

void Worker::turn(Idle when_idle) noexcept {
  if (queue_.empty()) account_.run_dry(driver_);
  if (when_idle == Idle::sleep) runtime_.scheduler().between_turns(*this);
  const bool starves = queue_.empty() && when_idle == Idle::sleep;
  const bool idle = starves && closes_.empty() && errands_.empty();
  const bool driver_has_work = !todo_.empty() || in_flight_ != 0 || streams_ != 0;
  if (!idle && !driver_has_work && timers_.empty()) return;
  account_.pause(driver_);
  if (idle) hand_over_frees();
  const IdleWait::Step step = idle ? idle_step() : IdleWait::Step::turn;
  const bool gives_way = step == IdleWait::Step::give_way;
  if (gives_way || step == IdleWait::Step::look) {
    expire_timers(idle_wait_.now());
  } else if (!idle && !driver_has_work) {
    expire_timers(driver_.now());
  } else {
    turn_driver(step);
  }
  // Also when a close kept it from its sleep: it may be a searcher, to whom others leave work.
  if (starves && !queue_.empty()) runtime_.scheduler().before_run(*this);
  if (gives_way && queue_.empty()) ::sched_yield();
}

void Worker::turn_driver(IdleWait::Step step) noexcept {
  const bool sleeps = step == IdleWait::Step::sleep;
  const Deadline until = sleeps ? announce_idle() : Deadline::now();
  counters_.turns += 1;
  OpList done;
  driver_.turn(std::move(todo_), until, done);
  if (sleeps) {
    inbox_.park_word().retract();
    runtime_.scheduler().after_sleep(*this);
  }
  const Instant now = driver_.now();  // Once per turn.
  while (Operation* operation = done.pop_front()) complete(*operation);
  if (sleeps) collect_inbox();  // What it was woken for runs before the next turn.
  expire_timers(now);
}

void start_yield(void* leaf, Runnable& waiter, void (*start_at_home)(Runnable&) noexcept) noexcept {
  Seat* seat = begin_leaf(this_seat());
  if (seat == nullptr) [[unlikely]]
    return rejoin(waiter, leaf, start_at_home);
  waiter.task->home->ready(waiter);
  end_leaf(*seat);
}

/// Grows while it runs: a task that is stopped has its children stopped. It ends, for each child
/// was spawned, and its scope is stopped once.
void Worker::take_back_stops() noexcept {
  while (StopNode* stop = stops_.pop_front()) take_back(static_cast<TaskHeader&>(*stop));
}

/// The task's StopNode came back (stop_word.hpp, rule 2). Where tasks move the task may have gone
/// on to another worker, and the node follows it (home_word.hpp, rule 2).
void Worker::take_back(TaskHeader& task) noexcept {
  auto looked = StopWord::Looked::again;
  while (looked == StopWord::Looked::again) {
    if (moves_tasks_ && !task.home.try_begin_look(this)) {
      return task.home->post(static_cast<StopNode&>(task));
    }
    task.stop.begin_look();
    look_at(task);
    if (moves_tasks_) task.home.end_look(this);
    looked = task.stop.end_look();
  }
  if (looked == StopWord::Looked::free) free_task(task);
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
