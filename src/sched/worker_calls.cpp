#include <rota/core/worker_calls.hpp>

#include <rota/core/check_usage.hpp>
#include <rota/core/spin_lock.hpp>
#include <rota/core/stream.hpp>
#include <rota/result.hpp>

#include "sched/thrown.hpp"
#include "sched/worker.hpp"

#include <cerrno>
#include <exception>
#include <expected>
#include <new>
#include <span>
#include <utility>

namespace rota::inline v0 {

void* allocate_frame(std::size_t bytes) {
  if (bytes > FramePool::kLargestBlock) [[unlikely]]
    return ::operator new(bytes);
  RuntimeSection section;
  if (Worker* worker = section.worker()) [[likely]]
    return worker->frames().allocate(bytes);
  return FramePool::allocate_shared(bytes);
}

void free_frame(void* frame, std::size_t bytes) noexcept {
  if (bytes > FramePool::kLargestBlock) [[unlikely]]
    return ::operator delete(frame);
  FramePool& pool = FramePool::of(frame);
  RuntimeSection section;
  Worker* worker = section.worker();
  if (worker == nullptr) [[unlikely]]
    return pool.free_remote(frame);
  if (&worker->frames() == &pool) [[likely]] {
    pool.free_local(frame, bytes);
  } else {
    worker->frames().free_away(frame, bytes);
  }
}

void make_ready(Runnable& runnable) noexcept {
  RuntimeSection section;
  Worker* lives_on = runnable.task->home;
  // A thread without a worker goes on by itself (thread_wait.hpp).
  if (lives_on == nullptr) [[unlikely]]
    return runnable.resume(runnable);
  Worker& home = *lives_on;
  Worker* here = section.worker();
  if (home.moves_tasks()) {
    // In the queue of the worker that wakes it, which has its message in the cache.
    const bool neighbour = here != nullptr && &here->runtime() == &home.runtime();
    if (neighbour) return here->ready_next(runnable);
    return home.runtime().scheduler().admit(runnable);
  }
  if (here == &home) [[likely]]
    return home.ready(runnable);
  home.post(runnable);
}

void send_stop(TaskHeader& task) noexcept {
  RuntimeSection section;
  Worker& home = *task.home;
  if (section.worker() == &home) {
    home.take_back_later(task);
  } else {
    home.post(static_cast<StopNode&>(task));
  }
}

void settle_stops() noexcept {
  RuntimeSection section;
  if (Worker* worker = section.worker()) worker->take_back_stops();
}

void request_stop(TaskHeader& task) noexcept {
  if (!task.stop.request()) return;
  send_stop(task);
  settle_stops();
}

void notify_stop(TaskHeader& task) noexcept {
  if (task.stop.request_look()) send_stop(task);
}

void enter_region(StopRegion& region) noexcept {
  RuntimeSection section;
  TaskHeader& task = *section.seat().task;
  if (section.worker() != nullptr) [[likely]] {
    region.outer = std::exchange(task.region, &region);
    return;
  }
  SpinGuard guard(task.home->away_regions());
  region.outer = std::exchange(task.region, &region);
}

void leave_region(StopRegion& region) noexcept {
  RuntimeSection section;
  TaskHeader& task = *section.seat().task;
  if (section.worker() != nullptr) [[likely]] {
    task.region = region.outer;
    return;
  }
  SpinGuard guard(task.home->away_regions());
  task.region = region.outer;
}

namespace {

/// A task that its scope refused: it never runs, and whoever joins it learns that it was canceled.
TaskHeader& end_refused(TaskHeader& task) noexcept {
  task.home.set(nullptr);
  task.fail(std::make_exception_ptr(std::bad_expected_access(os_error(ECANCELED))));
  // Its handle is not there yet, so nobody waits and nobody has let go.
  static_cast<void>(task.join.finish());
  return task;
}

/// A task is not refused for want of memory for its name.
SpawnLabel make_label(const char* name, std::source_location site) noexcept {
  if (name == nullptr) [[likely]]
    return SpawnLabel(site);
  try {
    void* memory = allocate_frame(sizeof(SpawnLabel::Named));
    return SpawnLabel(*new (memory) SpawnLabel::Named{site, name});
  } catch (const std::bad_alloc&) {
    return SpawnLabel(site);
  }
}

/// The header of a task that begins.
TaskHeader& make_task(ScopeCore& scope, Runnable& frame, const char* name,
                      std::source_location site, Worker* here) {
  void* memory = here != nullptr ? here->frames().allocate(sizeof(TaskHeader))
                                 : FramePool::allocate_shared(sizeof(TaskHeader));
  auto& task = *new (memory) TaskHeader;
  task.scope = &scope;
  task.label = make_label(name, site);
  frame.task = &task;
  return task;
}

/// The task whose code calls.
TaskHeader& calling_task() noexcept {
  TaskHeader* task = this_seat().task;
  check_usage(task != nullptr, "called outside any task; this function works only in a task");
  return *task;
}

}  // namespace

RuntimeCore& current_runtime() noexcept { return calling_task().home->runtime(); }
ScopeCore& common_root() noexcept { return current_runtime().common_root(); }

TaskHeader& start_root_task(Runnable& frame, const char* name, std::source_location site) {
  RuntimeSection section;
  Worker* here = section.worker();
  if (here == nullptr || section.seat().task == nullptr) [[unlikely]]
    return start_task(calling_task().home->root(), frame, name, site);
  TaskHeader& task = make_task(here->root(), frame, name, site, here);
  task.home.set(here);
  if (!here->root().add(task, here)) [[unlikely]]
    return end_refused(task);
  here->ready(frame);
  return task;
}

TaskHeader& start_task(ScopeCore& scope, Runnable& frame, const char* name,
                       std::source_location site) {
  RuntimeSection section;
  Worker* here = section.worker();
  TaskHeader& task = make_task(scope, frame, name, site, here);
  Scheduler& scheduler = scope.runtime().scheduler();
  const bool inside = here != nullptr && &here->runtime() == &scope.runtime();
  task.home.set(inside ? here : &scheduler.place(task));
  if (!scope.add(task, here)) [[unlikely]]
    return end_refused(task);
  if (inside) [[likely]] {
    here->ready(frame);
  } else {
    scheduler.admit(frame);
  }
  return task;
}

TaskHeader& start_task_on(WorkerIndex worker, ScopeCore& scope, Runnable& frame, const char* name,
                          std::source_location site) {
  const std::span<Worker* const> workers = scope.runtime().workers();
  check_usage(worker < workers.size(),
              "a task was sent to a worker that the runtime has not: the "
              "index must be below worker_count()");
  Worker& home = *workers[worker];
  RuntimeSection section;
  Worker* here = section.worker();
  TaskHeader& task = make_task(scope, frame, name, site, here);
  task.home.set(&home);
  if (!scope.add(task, here)) [[unlikely]]
    return end_refused(task);
  if (here == &home) {
    home.ready(frame);
  } else {
    home.post(frame);
  }
  return task;
}

TaskEnd end_task(TaskHeader& task) noexcept {
  RuntimeSection section;  // one bracket for all that follows
  if (Runnable* parent = task.scope->remove(task, section.worker())) make_ready(*parent);
  if (section.worker() != nullptr) {
    if (void* waiter = task.join.finish_beside()) {
      section.worker()->ready(*static_cast<Runnable*>(waiter));
      return TaskEnd::kept;
    }
  }
  const JoinWord::End end = task.join.finish();
  // From here on a holder of the handle may have freed the task.
  switch (end.kind) {
    case JoinWord::End::Kind::wake:
      make_ready(*static_cast<Runnable*>(end.waiter));
      return TaskEnd::kept;
    case JoinWord::End::Kind::free: return TaskEnd::unowned;
    case JoinWord::End::Kind::kept: break;
  }
  return TaskEnd::kept;
}

bool wait_for_end(TaskHeader& task, Runnable& waiter) noexcept {
  const Worker* home = waiter.task->home;
  const bool beside = home == task.home && home->is_sole();
  return beside ? task.join.wait_beside(&waiter) : task.join.wait(&waiter);
}

void free_task(TaskHeader& task) noexcept {
  // Nobody can ask the task to stop any more, but an earlier request may still be on its way to the
  // home, which then frees.
  if (!task.stop.leave()) [[unlikely]]
    return;
  if (task.failed() && task.scope != nullptr) [[unlikely]]
    report_unjoined(task);
  if (const SpawnLabel::Named* named = task.label.named()) {
    free_frame(const_cast<SpawnLabel::Named*>(named), sizeof *named);
  }
  task.~TaskHeader();
  free_frame(&task, sizeof(TaskHeader));
}

namespace {

/// Whether this run has lasted for a slice, which is counted from the run's first look at the
/// clock: neither the worker's last turn nor the runs of others count.
bool slice_spent(Seat& seat) noexcept {
  const std::int64_t now_ns = seat.worker->driver().now().ns;
  if (seat.looks == 1) seat.slice_began_ns = now_ns;
  return now_ns - seat.slice_began_ns > Worker::kBudgetNs;
}

}  // namespace

bool yield_if_spent(Seat& seat, Runnable& waiter) noexcept {
  constexpr std::int32_t most_looks = Worker::kBudgetUnits / Worker::kUnitsPerLook;
  seat.looks += 1;
  seat.units_until_look = Worker::kUnitsPerLook;
  if (seat.looks < most_looks && !slice_spent(seat)) return false;
  Worker& worker = *seat.worker;
  worker.counters().budget_yields += 1;
  worker.ready(waiter);
  return true;
}

void rejoin(Runnable& waiter, void* leaf, void (*resume)(Runnable&) noexcept) noexcept {
  waiter.task->leaf = static_cast<Leaf*>(leaf);
  waiter.resume = resume;
  waiter.task->home->post(waiter);
}

bool settle_here(Descriptor& descriptor, const Runnable& self) noexcept {
  return self.task->home->settle(descriptor);
}

bool receives_ahead(const Runnable& self) noexcept {
  Worker& home = *self.task->home;
  return home.driver().traits().receives_ahead && !home.moves_tasks();
}

void submit_stream(const Runnable& self, Stream& stream) noexcept {
  self.task->home->submit_unwaited(stream);
}

void cancel_operation(Leaf& leaf) noexcept {
  auto& operation = static_cast<Operation&>(leaf);
  CancelNode* node = operation.forwarded;
  if (node == nullptr) {
    operation.waiter->task->home->cancel(operation);
  } else if (node->word.request()) {
    operation.descriptor->home->post(*node);
  }
}

WorkerIndex home_index(const Runnable& self) noexcept { return self.task->home->index(); }

void run_after_pass(const Runnable& self, Errand& errand) noexcept {
  self.task->home->run_after_pass(errand);
}

void requeue(Runnable& runnable) noexcept { runnable.task->home->ready(runnable); }

Instant home_now(const Runnable& runnable) noexcept { return runnable.task->home->driver().now(); }

Worker& arm_timer(const Runnable& runnable, TimerEntry& entry, Instant due) noexcept {
  Worker& home = *runnable.task->home;
  home.insert_timer(entry, due);
  return home;
}

void disarm_timer(Worker& armed_by, TimerEntry& entry) noexcept { armed_by.remove_timer(entry); }

}  // namespace rota::inline v0
