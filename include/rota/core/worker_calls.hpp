#pragma once

#include <rota/core/cancel_node.hpp>
#include <rota/core/errand.hpp>
#include <rota/core/instant.hpp>
#include <rota/core/operation.hpp>
#include <rota/core/runnable.hpp>
#include <rota/core/scope_core.hpp>
#include <rota/core/seat.hpp>
#include <rota/core/task_header.hpp>
#include <rota/core/timer_entry.hpp>

#include <cstddef>
#include <source_location>

namespace rota::inline v0 {

struct Stream;

/// Which of the workers of a runtime: from 0, below `worker_count()`.
using WorkerIndex = std::size_t;

/// What task code may ask of the worker below it. Every call goes through the one bracket between
/// task code and worker (docs/design/0001), is never inlined, and takes the
/// foreign path when the worker was taken over, or when the caller is a plain thread.

/// Memory for a frame, from the current worker's pool. Throws std::bad_alloc. Any thread.
[[nodiscard]] void* allocate_frame(std::size_t bytes);
/// Any thread may free any frame.
void free_frame(void* frame, std::size_t bytes) noexcept;

/// Makes a parked runnable ready: the one way in which a suspension ends. Any thread.
void make_ready(Runnable& runnable) noexcept;

/// Asks a task to stop: its leaf is cancelled, and so is every later one. Any thread; the caller
/// keeps the header alive meanwhile (it holds the handle, or the scope's lock).
void request_stop(TaskHeader& task) noexcept;
/// One of the task's regions was requested: has its home look. Same conditions.
void notify_stop(TaskHeader& task) noexcept;

/// Sends the task's node, which `task.stop` said is the caller's to send. The header stays until
/// the home has it back.
void send_stop(TaskHeader& task) noexcept;
/// At the end of what a user asked for, outside locks: stops that were sent to the current worker
/// take effect before the caller goes on. Without it they do before the driver's next turn.
void settle_stops() noexcept;

/// Puts a region around what the running task does until `leave_region`.
void enter_region(StopRegion& region) noexcept;
void leave_region(StopRegion& region) noexcept;

/// Starts a task: gives its first frame a header, adds it to the scope and makes it ready. It
/// lives on the current worker or, from a plain thread, on the one that the scheduler of the
/// scope's runtime names. Throws std::bad_alloc, and then nothing has happened. Any thread.
TaskHeader& start_task(ScopeCore& scope, Runnable& frame, const char* name,
                       std::source_location site);

/// The same for the scope of what the current task's worker spawns outside any other. Aborts with a
/// message outside any task.
TaskHeader& start_root_task(Runnable& frame, const char* name, std::source_location site);

/// The same on a worker of the scope's runtime that the caller names; an index that names none is
/// an error of usage.
TaskHeader& start_task_on(WorkerIndex worker, ScopeCore& scope, Runnable& frame, const char* name,
                          std::source_location site);

/// The runtime of the task that calls, and the scope that all workers of it have in common. Abort
/// with a message outside any task.
[[nodiscard]] RuntimeCore& current_runtime() noexcept;
[[nodiscard]] ScopeCore& common_root() noexcept;

/// The end of a root task, called by its last frame.
/// Returns true when nobody holds the task: the caller frees it by `free_task`.
enum class TaskEnd : bool { kept, unowned };
[[nodiscard]] TaskEnd end_task(TaskHeader& task) noexcept;

/// For a leaf: has the end of `task` make `waiter` ready. False: it has ended, or somebody else
/// waits for it.
[[nodiscard]] bool wait_for_end(TaskHeader& task, Runnable& waiter) noexcept;

/// Frees a header whose task has ended and whose frame is gone.
void free_task(TaskHeader& task) noexcept;

/// The header of the task that runs on this thread, or null on a plain thread.
[[nodiscard]] inline TaskHeader* current_task() noexcept { return current_seat().task; }

/// Whether something has failed that the running forking function is a part of; false elsewhere.
[[nodiscard]] bool fork_must_stop() noexcept;

/// Opens the bracket around the start of a leaf. Null when this thread no longer carries the
/// task's worker; the leaf must then be started at home, by `rejoin`.
[[nodiscard]] inline Seat* begin_leaf(Seat& seat) noexcept {
  if (seat.worker == nullptr) [[unlikely]]
    return nullptr;
  if (seat.word.enter_runtime()) [[likely]]
    return &seat;
  seat.worker = nullptr;
  return nullptr;
}
/// Closes it. From here on a task that is parked or ready may already run elsewhere, so its frame
/// is suspended, or its stack left, before this.
inline void end_leaf(Seat& seat) noexcept { seat.word.leave_runtime(); }
/// The part of spend_unit that looks at the clock.
[[nodiscard]] bool yield_if_spent(Seat& seat, Runnable& waiter) noexcept;
/// Inside the bracket: the leaf completed without parking, which spends one unit of budget. True:
/// the budget is gone, and the task was put behind the other ready ones; it goes on from there.
[[nodiscard]] inline bool spend_unit(Seat& seat, Runnable& waiter) noexcept {
  if (--seat.units_until_look > 0) [[likely]]
    return false;
  return yield_if_spent(seat, waiter);
}
/// Sends the task home, to go on there with `resume`. The leaf is remembered in its header.
void rejoin(Runnable& waiter, void* leaf, void (*resume)(Runnable&) noexcept) noexcept;

/// All that a leaf does that begins with its one operation: the bracket, the look whether the task
/// must stop, `submit`, and the unit of budget. True: parked. Without a worker `start_at_home` is
/// how the runnable goes on, for now.
[[nodiscard]] bool start_operation(Operation& operation, CancelNode& node, Runnable& waiter,
                                   void (*start_at_home)(Runnable&) noexcept) noexcept;

/// The same for a leaf that only puts its runnable behind the other ready ones. Always parked.
void start_yield(void* leaf, Runnable& waiter, void (*start_at_home)(Runnable&) noexcept) noexcept;

/// For leaves, inside the bracket, on the home worker:
/// gives an operation to the home worker of its Descriptor and parks the task on it. `node` is
/// embedded beside it. False: complete at once.
[[nodiscard]] bool submit(Operation& operation, CancelNode& node) noexcept;
/// Whether a Descriptor whose stream this task would wait on lives where the task does. Once it
/// said so the Descriptor stays: its stream belongs to that worker's driver.
[[nodiscard]] bool settle_here(Descriptor& descriptor, const Runnable& self) noexcept;
/// Whether the driver where this task lives takes Streams of reads, and the task stays there.
[[nodiscard]] bool receives_ahead(const Runnable& self) noexcept;
/// Whether an accept with op_wants_place may come back with a place, of this worker's driver.
[[nodiscard]] bool gives_place(const Descriptor& listener, const Runnable& self) noexcept;
/// Starts a stream of a Descriptor that lives here; its results come through its ring.
void submit_stream(const Runnable& self, Stream& stream) noexcept;
/// The `cancel` of every leaf that is an operation.
void cancel_operation(Leaf& leaf) noexcept;
/// Parks the task on `leaf`. The caller has set `leaf.waiter` and `leaf.cancel`.
inline void park(Leaf& leaf) noexcept {
  TaskHeader& task = *leaf.waiter->task;
  task.leaf = &leaf;
  task.parked = 1;
}
/// The home worker's.
[[nodiscard]] WorkerIndex home_index(const Runnable& self) noexcept;
/// Has the home worker of `self` run `errand` once its pass is over, before it looks at its inbox
/// and its driver. The errand is with no worker yet.
void run_after_pass(const Runnable& self, Errand& errand) noexcept;
/// Puts the runnable behind the other ready ones of its home worker.
void requeue(Runnable& runnable) noexcept;
/// The home worker's clock, read now.
[[nodiscard]] Instant home_now(const Runnable& runnable) noexcept;
/// Arms a timer of the task's home worker, and says which that is: the task may be another one's
/// when it disarms the timer.
Worker& arm_timer(const Runnable& runnable, TimerEntry& entry, Instant due) noexcept;
void disarm_timer(Worker& armed_by, TimerEntry& entry) noexcept;

}  // namespace rota::inline v0
