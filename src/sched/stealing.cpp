#include "sched/stealing.hpp"

#include "sched/worker.hpp"

#include <algorithm>
#include <utility>

namespace rota::inline v0 {

void StealingScheduler::attach(std::span<Worker* const> workers,
                               std::vector<std::vector<std::uint16_t>> victims) {
  workers_ = workers;
  states_ = std::vector<State>(workers.size());
  for (std::size_t i = 0; i < workers.size(); ++i) states_[i].victims = std::move(victims[i]);
  ticks_.assign(workers.size(), 0);
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
  if (watch_ == Duration{} || workers_.size() == 1) return;
  if (has_watch(worker)) give_up_watch();
  if (shared_.idle.idle() != 0) return see_to_watch(state);
  if (++state.passes % kPassesPerLook != 0) return;
  const Instant now = worker.driver().now();
  if (now - state.looked < watch_) return;
  state.looked = now;
  if (!take_watch(worker)) return;
  look_at_ticks(worker);
  give_up_watch();
}

Deadline StealingScheduler::before_sleep(Worker& worker) noexcept {
  State& state = state_of(worker);
  const auto role = std::exchange(state.role, IdleSet::Role::busy);
  const bool told_to_look = shared_.idle.announce(worker.index(), role);
  if (told_to_look && (take_injected(worker) || steal(worker, state))) return Deadline::now();
  return next_look(worker);
}

void StealingScheduler::after_sleep(Worker& worker) noexcept {
  state_of(worker).role = shared_.idle.retract(worker.index());
  if (has_watch(worker)) look_at_ticks(worker);
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
  return take_injected(worker) || steal(worker, state);
}

bool StealingScheduler::steal(Worker& worker, State& state) noexcept {
  Runnable* stolen = nullptr;
  for (auto victim = state.victims.begin(); stolen == nullptr && victim != state.victims.end();
       ++victim) {
    stolen = workers_[*victim]->steal_into(worker, amount_from(*workers_[*victim]));
  }
  for (auto victim = state.victims.begin(); stolen == nullptr && victim != state.victims.end();
       ++victim) {
    if (TakeOverWord::in_task(workers_[*victim]->tick())) stolen = workers_[*victim]->steal_slot();
  }
  if (stolen == nullptr) return false;
  worker.counters().stolen += 1;
  worker.ready_from_elsewhere(*stolen);
  return true;
}

StealAmount StealingScheduler::amount_from(const Worker& victim) const noexcept {
  const auto average_ns = static_cast<std::int64_t>(victim.account().average_run_ns());
  return average_ns > steal_one_.ns ? StealAmount::one : StealAmount::half;
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

bool StealingScheduler::has_watch(const Worker& worker) const noexcept {
  return watch_holder_.load(MemoryOrder::relaxed) == worker.index();  // Its own, if it is.
}

bool StealingScheduler::take_watch(const Worker& worker) noexcept {
  std::int32_t holder = kNobody;
  // Acquire pairs with give_up_watch, which hands on the ticks.
  return watch_holder_.compare_exchange_strong(holder, worker.index(), MemoryOrder::acquire,
                                               MemoryOrder::relaxed) ||
         holder == worker.index();
}

void StealingScheduler::give_up_watch() noexcept {
  quiet_looks_ = 0;
  watch_holder_.store(kNobody, MemoryOrder::seq_cst);
}

/// Before a worker runs what it woke for. Not often: the watch goes on for some time.
void StealingScheduler::see_to_watch(const State& state) noexcept {
  // Seq_cst: the worker has retracted its sleep before, and who gives up the watch looks at that
  // afterwards. One of the two sees the other.
  if (watch_holder_.load(MemoryOrder::seq_cst) != kNobody) return;
  for (const std::uint16_t other : state.victims) {
    if (workers_[other]->asleep()) return workers_[other]->rouse();
  }
}

void StealingScheduler::look_at_ticks(const Worker& watcher) noexcept {
  for (Worker* other : workers_) {
    if (other == &watcher) continue;
    std::uint64_t& seen = ticks_[other->index()];
    const std::uint64_t tick = other->tick();
    if (TakeOverWord::in_task(tick) && tick == seen) other->try_tend(tick);
    seen = tick;
  }
}

bool StealingScheduler::others_awake(const Worker& worker) const noexcept {
  return std::ranges::any_of(
      workers_, [&worker](const Worker* other) { return other != &worker && !other->asleep(); });
}

/// Until when a worker that has nothing to do may sleep. With the watch: until its next look, and
/// longer each time that all others sleep, until it gives it up.
Deadline StealingScheduler::next_look(Worker& worker) noexcept {
  if (watch_ == Duration{} || workers_.size() == 1) return Deadline::never();
  if (!has_watch(worker) && (!others_awake(worker) || !take_watch(worker))) {
    return Deadline::never();
  }
  quiet_looks_ = others_awake(worker) ? 0 : quiet_looks_ + 1;
  if (quiet_looks_ > kQuietLooks) {
    give_up_watch();
    fence(MemoryOrder::seq_cst);  // See see_to_watch.
    if (!others_awake(worker) || !take_watch(worker)) return Deadline::never();
  }
  return Deadline::at(worker.driver().now() + watch_ * (std::int64_t{1} << quiet_looks_));
}

}  // namespace rota::inline v0
