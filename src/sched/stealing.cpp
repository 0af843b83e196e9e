#include "sched/stealing.hpp"

#include "sched/crew.hpp"
#include "sched/worker.hpp"

#include <algorithm>
#include <utility>

namespace rota::inline v0 {

void StealingScheduler::attach(std::span<Worker* const> workers,
                               std::vector<std::vector<std::uint16_t>> victims) {
  workers_ = workers;
  states_ = std::vector<State>(workers.size());
  for (std::size_t i = 0; i < workers.size(); ++i) {
    states_[i].victims = std::move(victims[i]);
    states_[i].ticks.assign(workers.size(), 0);
  }
}

/// Whichever: the task moves to whoever takes it out of the injector.
Worker& StealingScheduler::place(const TaskHeader&) noexcept { return *workers_.front(); }

void StealingScheduler::admit(Runnable& runnable) noexcept {
  shared_.injector.push(runnable);
  rouse_one({});
}

void StealingScheduler::surplus(Worker& worker) noexcept { rouse_one(state_of(worker).victims); }

void StealingScheduler::between_turns(Worker& worker) noexcept {
  State& state = state_of(worker);
  if (!worker.has_ready()) {
    if (!search(worker)) return;
  } else if (!shared_.injector.empty()) {
    static_cast<void>(take_injected(worker));
  }
  if (state.role == IdleSet::Role::searcher) found(worker, state);
  state.quiet_looks = 0;
  if (watch_ == Duration{}) return;
  if (shared_.idle.anyone_idle()) return see_to_watch(state);
  if (is_look_due(worker, state)) look_at_ticks(worker, state);
}

void StealingScheduler::before_run(Worker& worker) noexcept {
  State& state = state_of(worker);
  if (state.role == IdleSet::Role::searcher) found(worker, state);
  // What it runs may take long, and the others may have slept so long that none looks any more.
  state.quiet_looks = 0;
  if (watch_ != Duration{} && shared_.idle.anyone_idle()) see_to_watch(state);
}

Deadline StealingScheduler::before_sleep(Worker& worker) noexcept {
  State& state = state_of(worker);
  const auto role = std::exchange(state.role, IdleSet::Role::busy);
  const bool told_to_look = shared_.idle.announce(worker.index(), role);
  // It takes nothing yet: it is no searcher, and would have to rouse another for what it leaves.
  if (told_to_look && is_work_left()) return Deadline::now();
  return next_look(worker, state);
}

void StealingScheduler::after_sleep(Worker& worker) noexcept {
  State& state = state_of(worker);
  state.role = shared_.idle.retract(worker.index());
  if (!std::exchange(state.keeps_watch, false)) {
    state.quiet_looks = 0;  // Somebody wants it awake: there may be more.
    return;
  }
  watchers_.fetch_sub(1, MemoryOrder::relaxed);
  look_at_ticks(worker, state);
}

StealingScheduler::State& StealingScheduler::state_of(const Worker& worker) noexcept {
  return states_[worker.index()];
}

/// A share of it, so that others find something too.
bool StealingScheduler::take_injected(Worker& worker) noexcept {
  if (shared_.injector.empty()) return false;
  const std::size_t share = shared_.injector.size() / workers_.size() + 1;
  FifoList<Runnable> taken = shared_.injector.take(std::min(share, kInjectorShare));
  if (taken.empty()) return false;
  while (Runnable* runnable = taken.pop_front()) worker.ready_from_elsewhere(*runnable);
  return true;
}

bool StealingScheduler::search(Worker& worker) noexcept {
  State& state = state_of(worker);
  const bool searches = state.role == IdleSet::Role::searcher;
  if (!searches && !shared_.idle.try_begin_search(worker.index())) return false;
  state.role = IdleSet::Role::searcher;
  if (Crew* crew = worker.runtime().crew()) crew->shuffle(state.victims);
  if (take_injected(worker) || steal(worker, state) || steal_fork(worker, state)) return true;
  if (worker.spins()) {
    if (watch_ == Duration{} || !is_look_due(worker, state)) return false;
    look_at_ticks(worker, state);
  }
  return steal_slot(worker, state);
}

bool StealingScheduler::steal(Worker& worker, const State& state) noexcept {
  for (const std::uint16_t victim : state.victims) {
    Runnable* stolen = workers_[victim]->steal_into(worker, amount_from(*workers_[victim]));
    if (stolen == nullptr) continue;
    take_stolen(worker, *stolen);
    return true;
  }
  return false;
}

bool StealingScheduler::steal_slot(Worker& worker, const State& state) noexcept {
  for (const std::uint16_t victim : state.victims) {
    if (!TakeOverWord::in_task(workers_[victim]->tick())) continue;
    Runnable* stolen = workers_[victim]->steal_slot();
    if (stolen == nullptr) continue;
    take_stolen(worker, *stolen);
    return true;
  }
  return false;
}

void StealingScheduler::take_stolen(Worker& worker, Runnable& stolen) noexcept {
  worker.cross(Crossing::stole);
  worker.counters().stolen += 1;
  worker.ready_from_elsewhere(stolen);
}

bool StealingScheduler::steal_fork(Worker& worker, const State& state) noexcept {
  for (const std::uint16_t victim : state.victims) {
    if (!worker.steal_fork(*workers_[victim])) continue;
    worker.cross(Crossing::stole);
    worker.counters().stolen += 1;
    return true;
  }
  return false;
}

StealAmount StealingScheduler::amount_from(const Worker& victim) const noexcept {
  const auto average_ns = static_cast<std::int64_t>(victim.account().average_run_ns());
  const bool long_ones = steal_one_ != Duration{} && average_ns > steal_one_.ns;
  return long_ones ? StealAmount::one : StealAmount::half;
}

/// A searcher has something to run.
void StealingScheduler::found(Worker& worker, State& state) noexcept {
  state.role = IdleSet::Role::busy;
  const bool told_to_look = shared_.idle.end_search(worker.index());
  if (told_to_look && is_work_left()) rouse_one(state.victims);
}

bool StealingScheduler::is_work_left() const noexcept {
  return !shared_.injector.empty() || std::ranges::any_of(workers_, [](const Worker* worker) {
    return worker->has_stealable();
  });
}

void StealingScheduler::rouse_one(std::span<const std::uint16_t> near) noexcept {
  const auto idle = shared_.idle.claim(near);
  if (idle) workers_[*idle]->rouse();
}

/// Before a worker runs what it woke for.
void StealingScheduler::see_to_watch(const State& state) noexcept {
  // The worker has retracted its sleep before this fence, and who decides to keep no watch looks at
  // that after a fence of its own: one of the two sees the other.
  fence(MemoryOrder::seq_cst);
  if (watchers_.load(MemoryOrder::relaxed) != 0) return;
  for (const std::uint16_t other : state.victims) {
    if (workers_[other]->asleep()) return workers_[other]->rouse();
  }
}

/// Whether a worker that is awake shall look at the others now.
bool StealingScheduler::is_look_due(Worker& worker, State& state) noexcept {
  if (++state.passes % kPassesPerLook != 0) return false;
  const Instant now = worker.driver().now();
  if (now - state.looked < watch_) return false;
  state.looked = now;
  return true;
}

void StealingScheduler::look_at_ticks(const Worker& watcher, State& state) noexcept {
  bool anyone = false;
  for (Worker* other : workers_) {
    if (other == &watcher) continue;
    anyone = anyone || !other->asleep();
    std::uint64_t& seen = state.ticks[other->index()];
    const std::uint64_t tick = other->tick();
    if (TakeOverWord::in_task(tick) && tick == seen) other->try_tend(tick);
    seen = tick;
  }
  state.quiet_looks = anyone ? 0 : state.quiet_looks + 1;
}

bool StealingScheduler::others_awake(const Worker& worker) const noexcept {
  return std::ranges::any_of(
      workers_, [&worker](const Worker* other) { return other != &worker && !other->asleep(); });
}

/// Until when a worker that has nothing to do may sleep. While it keeps watch, until its next look,
/// and longer each time that all others sleep.
Deadline StealingScheduler::next_look(Worker& worker, State& state) noexcept {
  if (watch_ == Duration{}) return Deadline::never();
  fence(MemoryOrder::seq_cst);  // See see_to_watch.
  const bool quiet = state.quiet_looks > kQuietLooks && !others_awake(worker);
  if (quiet || !try_keep_watch(state)) return Deadline::never();
  const std::uint32_t doublings = std::min(state.quiet_looks, kQuietLooks - 1);
  return Deadline::at(worker.driver().now() + watch_ * (std::int64_t{1} << doublings));
}

bool StealingScheduler::try_keep_watch(State& state) noexcept {
  std::uint32_t watchers = watchers_.load(MemoryOrder::relaxed);
  while (watchers < kMostWatchers) {
    // Relaxed: see_to_watch reads it after a fence, and if it reads too late rouses one in vain.
    if (watchers_.compare_exchange_weak(watchers, watchers + 1, MemoryOrder::relaxed,
                                        MemoryOrder::relaxed)) {
      state.keeps_watch = true;
      return true;
    }
  }
  return false;
}

}  // namespace rota::inline v0
