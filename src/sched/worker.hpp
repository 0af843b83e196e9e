#pragma once

#include <rota/core/move_leaf.hpp>
#include <rota/core/operation.hpp>
#include <rota/core/runnable.hpp>
#include <rota/core/spin_lock.hpp>
#include <rota/core/task_header.hpp>

#include "base/hooks.hpp"
#include "core/counter.hpp"
#include "core/inbox.hpp"
#include "driver/driver.hpp"
#include "observe/run_account.hpp"
#include "sched/fork_store.hpp"
#include "sched/frame_pool.hpp"
#include "sched/idle_wait.hpp"
#include "sched/run_queue.hpp"
#include "sched/runtime_core.hpp"
#include "sched/seat.hpp"
#include "sched/unwaited_closes.hpp"
#include "time/timer_list.hpp"
#include "time/timer_wheel.hpp"

#include <cstdint>

namespace rota::inline v0 {

/// What a worker has done since it was made. Written by its carrier alone; any thread reads.
struct WorkerCounters {
  Counter tasks_run;    ///< times a runnable was given the worker
  Counter turns;        ///< calls of the driver
  Counter sleeps;       ///< of these, with nothing else to do
  Counter announced;    ///< times it has said that it would sleep, counted before
  Counter completions;  ///< operations that came back through the driver
  Counter immediate;    ///< operations that completed when they were submitted
  Counter timers_fired;
  Counter budget_yields;
  Counter stolen;  ///< times it stole, from a queue or a slot
  Counter tended;  ///< times a neighbour did its housekeeping during a long task
};

/// A run queue, a driver, a timer wheel and a frame pool: an object, not a thread. Whatever thread
/// carries it at the moment owns all of it but the Inbox, which is for everybody.
///
/// The loop: run the ready batch; collect the inbox; when nothing is ready ask
/// the scheduler, spin for a while where that is asked for (idle_wait.hpp), announce idleness and
/// look once more; one turn of the driver, which sleeps until the next timer if there is nothing to
/// do; make waiters ready; expire timers; repeat.
///
/// Where tasks move (`moves_tasks`) a neighbour may steal from the queue at any time, and tend the
/// worker while a task has had it for long: then the neighbour collects the inbox and what the
/// driver has, as if it were the carrier, and leaves the rest to thieves.
class alignas(128) Worker {
 public:
  static constexpr std::int32_t kBudgetUnits = 128;  // as many as tokio's coop budget
  // The clock costs more than most completions: it is read once per this many units.
  static constexpr std::int32_t kUnitsPerLook = 16;
  static constexpr std::int64_t kBudgetNs = 200'000;
  static constexpr int kBatchTasks = 64;  // runs between two looks at the driver

  Worker(RuntimeCore& runtime, Driver& driver, std::uint16_t index = 0);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // --- Any thread -----------------------------------------------------------------------------

  template <class Node>
  void post(Node& node) noexcept {
    if (inbox_.post(node)) driver_.wake();
  }
  /// Ends `carry` after the current task. Sticky until the next `carry`.
  void leave() noexcept;
  /// One-shot operations that the driver has.
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }
  /// Takes the worker from a carrier that is inside a task. On success the caller must `carry`
  /// it, or give it to a thread that does. One taker at a time, while no carrier leaves.
  [[nodiscard]] bool try_take_over() noexcept;
  /// The tick of its carrier, odd while a task has it; 0 without a carrier. A neighbour that finds
  /// the same odd one twice has found a long task.
  [[nodiscard]] std::uint64_t tick() const noexcept;
  /// Collects the inbox, completions and timers in the carrier's place, if it is still in the task
  /// that it was in at `tick`, and the driver permits.
  void try_tend(std::uint64_t tick) noexcept;
  /// Whether it sleeps, or is about to: it has announced that it is idle.
  [[nodiscard]] bool asleep() const noexcept { return inbox_.park_word().is_armed(); }
  [[nodiscard]] std::uint64_t announced() const noexcept { return counters_.announced; }
  [[nodiscard]] bool has_mail() const noexcept { return !inbox_.empty(); }
  /// By a thief that carries `thief`: one to run at once, with more of them in the thief's queue.
  Runnable* steal_into(Worker& thief, StealAmount amount) noexcept {
    return queue_.steal_into(thief.queue_, amount);
  }
  /// Whether a thief would find something in its ring or its deque of forks. A guess.
  [[nodiscard]] bool has_stealable() const noexcept {
    return queue_.has_stealable() || !forks_.load(MemoryOrder::acquire)->deque().empty();
  }
  Runnable* steal_slot() noexcept { return queue_.steal_slot(); }
  /// By a worker with nothing to run: takes a forking function from the thread that carries
  /// `victim`, and runs it next.
  [[nodiscard]] bool steal_fork(const Worker& victim) noexcept;
  /// How long its tasks run, and wait to be run.
  [[nodiscard]] const RunAccount& account() const noexcept { return account_; }
  /// Ends its sleep, or the next one.
  void rouse() noexcept {
    if (inbox_.knock()) driver_.wake();
  }

  // --- A carrier ------------------------------------------------------------------------------

  enum class CarryEnd : std::uint8_t { left, taken };
  /// Runs the worker on this thread until `leave`, or until it is taken over.
  CarryEnd carry(Seat& seat) noexcept;
  /// One pass of the loop. For a shutdown that waits for the last operations, and for tests that
  /// drive several workers by hand.
  enum class Idle : std::uint8_t { sleep, return_at_once };
  void pass(Seat& seat, Idle idle) noexcept;

  // --- The carrier, inside the runtime ----------------------------------------------------------

  /// Ends the wait of a task that lives here.
  void ready(Runnable& runnable) noexcept {
    runnable.task->parked = 0;
    ready_from_elsewhere(runnable);
  }
  /// Ends the wait of a task that lives on another worker, and moves here where tasks move. It
  /// stays parked, as far as its home can see, until it is run: the home may look at it meanwhile,
  /// and what the task was parked on knows that the wait is over.
  void ready_from_elsewhere(Runnable& runnable) noexcept {
    account_.note_ready(runnable, driver_);
    queue_.push(runnable);
  }
  /// The same for a task that the running one has woken, which is next.
  void ready_next(Runnable& runnable) noexcept {
    account_.note_ready(runnable, driver_);
    queue_.push_next(runnable);
  }
  /// Starts an operation of a task that lives here; false: it completed at once.
  [[nodiscard]] bool submit(Operation& operation, CancelNode& node) noexcept;
  /// Starts an operation that no task waits for.
  void submit_unwaited(Operation& operation) noexcept;
  void cancel(Operation& operation) noexcept;

  /// A task that lives here was asked to stop. Not looked at at once: stops go down through scopes
  /// of any depth, and the caller may be in the midst of ending a task that the other one joins.
  void take_back_later(StopNode& stop) noexcept { stops_.push_back(stop); }
  /// Looks at all of them, and at those whom that concerns.
  void take_back_stops() noexcept;
  /// Under it a task that was left behind with its thread changes its chain of regions.
  [[nodiscard]] SpinLock& away_regions() noexcept { return away_regions_; }

  /// Has it run `errand` once its pass is over, before it looks at its inbox and its driver.
  void run_after_pass(Errand& errand) noexcept { errands_.push_back(errand); }
  /// Ends a wait, from inside the loop.
  void wake(Runnable& runnable) noexcept;

  /// The scope of the tasks that its own tasks have spawned and that belong to no other.
  [[nodiscard]] ScopeCore& root() noexcept { return root_.scope; }
  /// Asks all tasks of that scope to stop, and those that come later. Any thread.
  void stop_root() noexcept;

  /// Its number among the workers of the runtime.
  [[nodiscard]] std::uint16_t index() const noexcept { return index_; }
  [[nodiscard]] bool has_ready() const noexcept { return !queue_.empty(); }
  [[nodiscard]] RuntimeCore& runtime() noexcept { return runtime_; }
  [[nodiscard]] Driver& driver() noexcept { return driver_; }
  [[nodiscard]] FramePool& frames() noexcept { return frames_; }
  void insert_timer(TimerEntry& entry, Instant due) noexcept;
  /// Also from another worker, where tasks move. Afterwards the timer does not fire any more.
  void remove_timer(TimerEntry& entry) noexcept;
  [[nodiscard]] std::size_t timers_live() const noexcept { return timers_.size(); }
  /// Whether a Descriptor with a stream lives here, and stays from now on.
  [[nodiscard]] bool settle(Descriptor& descriptor) noexcept;
  /// The errand of a Descriptor that is asked to move (worker_move.cpp).
  void move(MoveErrand& move) noexcept;
  /// Closes what its owner has given up. Any thread, where it carries this worker or none.
  static void close_unwaited(Descriptor& descriptor, Worker* here) noexcept;
  [[nodiscard]] WorkerCounters& counters() noexcept { return counters_; }
  /// Something is ready, or was posted and is not collected yet: a pass will not find it idle.
  [[nodiscard]] bool has_work() const noexcept {
    return !queue_.empty() || !stops_.empty() || !closes_.empty() || !errands_.empty() ||
           !inbox_.empty();
  }
  [[nodiscard]] bool moves_tasks() const noexcept { return moves_tasks_; }
  /// Whether all code of the tasks that live here runs on the thread that carries it: tasks never
  /// move, and no thread was taken from it with its task.
  [[nodiscard]] bool is_sole() const noexcept { return sole_.load(MemoryOrder::relaxed); }
  /// Others may come between here.
  void cross(Crossing crossing) noexcept {
    if (hooks.crossing != nullptr || crew_ != nullptr) [[unlikely]]
      let_others_come(crossing);
  }
  /// It has nothing to run, and will look again before it sleeps.
  [[nodiscard]] bool spins() const noexcept { return idle_wait_.spins(); }

 private:
  void let_others_come(Crossing crossing) noexcept;
  [[nodiscard]] bool run_ready(Seat& seat) noexcept;
  static bool part(Seat& seat) noexcept;
  void bring_home(TaskHeader& task) noexcept;
  void collect_inbox() noexcept;
  void run_errands(Errand* errands) noexcept;
  void hand_over_frees() noexcept;
  void take_back(TaskHeader& task) noexcept;
  void look_at(TaskHeader& task) noexcept;
  void turn(Idle when_idle) noexcept;
  void turn_driver(IdleWait::Step step) noexcept;
  [[nodiscard]] IdleWait::Step idle_step() noexcept;
  [[nodiscard]] Deadline announce_idle() noexcept;
  [[nodiscard]] Deadline next_timer() noexcept;
  template <OpCode code>
  [[nodiscard]] bool submit_message(Transfer& transfer) noexcept;
  void lend_to(Operation& operation) noexcept;
  [[nodiscard]] bool worth_trying(const Operation& operation) const noexcept;
  [[nodiscard]] bool submit_here(Operation& operation) noexcept;
  [[nodiscard]] bool submit_checked(Operation& operation, CancelNode& node) noexcept;
  [[nodiscard]] bool submit_moving(Operation& operation, CancelNode& node) noexcept;
  [[nodiscard]] bool submit_inside(Operation& operation) noexcept;
  [[nodiscard]] bool visit(Operation& operation, CancelNode& node) noexcept;
  [[nodiscard]] bool submit_close(Operation& operation, CancelNode& node) noexcept;
  void take_in(Descriptor& descriptor, Worker& from) noexcept;
  enum class Given : bool { ended, later };
  [[nodiscard]] Given give_away(MoveErrand& move) noexcept;
  [[nodiscard]] Given disarm(Stream& stream) noexcept;
  void unsettle(Descriptor& descriptor) noexcept;
  [[nodiscard]] bool is_used(const Descriptor& descriptor) const noexcept;
  [[nodiscard]] bool send_home(Operation& operation, CancelNode& node) noexcept;
  void start(Operation& operation) noexcept;
  void start_arrived(Operation& operation) noexcept;
  void begin_unwaited(Descriptor& descriptor) noexcept;
  void start_close(Operation& operation) noexcept;
  void retry_closes() noexcept;
  void end(Operation& operation) noexcept;
  void leave(Operation& operation) noexcept;
  void deliver(Stream& stream) noexcept;
  void complete(Operation& operation) noexcept;
  void expire_timers(Instant now) noexcept;
  [[nodiscard]] bool fire_some(TimerList& due) noexcept;

  // Touched on every pass by the carrier, or by a neighbour in its place; of the queue thieves
  // take.
  RunQueue queue_;
  OpList todo_;
  OpList closes_;             // of Descriptors that visitors have not left
  UnwaitedCloses unwaited_;
  FifoList<StopNode> stops_;  // of tasks that live here, asked from here
  FifoList<Errand> errands_;  // asked from here
  Driver& driver_;
  const bool tries_first_;
  const bool tries_lone_reads_;
  const bool watches_edges_;
  const bool moves_tasks_;
  Crew* const crew_;
  Counter in_flight_;        // one-shot operations that the driver has
  std::size_t streams_ = 0;  // streams that were ever started
  TimerWheel timers_;
  FramePool& frames_;
  WorkerCounters counters_;
  RunAccount account_;
  IdleWait idle_wait_;
  RuntimeCore& runtime_;
  // Stopped by an errand, for only the worker itself may touch it.
  struct Root : Errand {
    explicit Root(Worker& worker) noexcept;
    ScopeCore scope;
    Atomic<bool> stopping{false};  // by whoever posts the errand, so that it is posted once
  };
  Root root_;
  // Cleared by a taker before another thread carries the worker, which orders it.
  Atomic<bool> sole_;
  const std::uint16_t index_;

  // Read by takers and thieves, and written seldom.
  alignas(128) Atomic<Seat*> seat_{nullptr};
  // Of the thread that carries it, and between two of them ready for the next. Written by a taker,
  // who leaves the old one to the thread; thieves read it.
  Atomic<ForkStore*> forks_;
  // Written by whoever ends the loop.
  Atomic<bool> leave_{false};

  // Taken by the carrier at each timer, which no thief's look at the line above shall wait for.
  alignas(128) SpinLock timers_lock_;  // where tasks move: around each use of the wheel and firing
  SpinLock away_regions_;

  Inbox inbox_;
};

}  // namespace rota::inline v0
