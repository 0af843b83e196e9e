#pragma once

#include <rota/core/operation.hpp>
#include <rota/core/runnable.hpp>
#include <rota/core/spin_lock.hpp>
#include <rota/core/task_header.hpp>

#include "core/counter.hpp"
#include "core/inbox.hpp"
#include "driver/driver.hpp"
#include "sched/frame_pool.hpp"
#include "sched/runtime_core.hpp"
#include "sched/seat.hpp"
#include "time/timer_wheel.hpp"

#include <cstdint>

namespace rota::inline v0 {

/// What a worker has done since it was made. Written by its carrier alone; any thread reads.
struct WorkerCounters {
  Counter tasks_run;      ///< times a runnable was given the worker
  Counter turns;          ///< calls of the driver
  Counter sleeps;         ///< of these, with nothing else to do
  Counter completions;    ///< operations that came back through the driver
  Counter immediate;      ///< operations that completed when they were submitted
  Counter timers_fired;
  Counter budget_yields;
};

/// A run queue, a driver, a timer wheel and a frame pool: an object, not a thread. Whatever thread
/// carries it at the moment owns all of it but the Inbox, which is for everybody.
///
/// The loop: run the ready batch; collect the inbox; when nothing is ready ask
/// the scheduler, announce idleness and look once more; one turn of the driver, which sleeps until
/// the next timer if there is nothing to do; make waiters ready; expire timers; repeat.
class Worker {
 public:
  static constexpr std::int32_t kBudgetUnits = 128;     // as many as tokio's coop budget
  // The clock costs more than most completions: it is read once per this many units.
  static constexpr std::int32_t kUnitsPerLook = 16;
  static constexpr std::int64_t kBudgetNs = 200'000;
  static constexpr int kBatchTasks = 64;                // runs between two looks at the driver

  Worker(RuntimeCore& runtime, Driver& driver);
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
    ready_.push_back(runnable);
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

  [[nodiscard]] RuntimeCore& runtime() noexcept { return runtime_; }
  [[nodiscard]] Driver& driver() noexcept { return driver_; }
  [[nodiscard]] FramePool& frames() noexcept { return frames_; }
  [[nodiscard]] TimerWheel& timers() noexcept { return timers_; }
  [[nodiscard]] WorkerCounters& counters() noexcept { return counters_; }
  /// Something is ready, or was posted and is not collected yet: a pass will not find it idle.
  [[nodiscard]] bool has_work() const noexcept {
    return !ready_.empty() || !stops_.empty() || !inbox_.empty();
  }

 private:
  [[nodiscard]] bool run_ready(Seat& seat) noexcept;
  void collect_inbox() noexcept;
  void take_back(TaskHeader& task) noexcept;
  void look_at(TaskHeader& task) noexcept;
  void turn(Idle when_idle) noexcept;
  [[nodiscard]] Deadline announce_idle() noexcept;
  template <OpCode code>
  [[nodiscard]] bool submit_message(Transfer& transfer) noexcept;
  [[nodiscard]] bool worth_trying(const Operation& operation) const noexcept;
  [[nodiscard]] bool submit_other(Operation& operation, CancelNode& node) noexcept;
  void start(Operation& operation) noexcept;
  void wake(Runnable& runnable) noexcept;
  void complete(Operation& operation) noexcept;
  void expire_timers(Instant now) noexcept;

  // Touched on every pass by the carrier alone.
  RunList ready_;
  OpList todo_;
  FifoList<StopNode> stops_;       // of tasks that live here, asked from here
  Driver& driver_;
  const bool tries_first_;
  const bool tries_lone_reads_;
  const bool watches_edges_;
  Counter in_flight_;              // one-shot operations that the driver has
  std::size_t streams_ = 0;        // streams that were ever started
  TimerWheel timers_;
  FramePool& frames_;
  WorkerCounters counters_;
  RuntimeCore& runtime_;

  // Read by a taker.
  alignas(128) Atomic<Seat*> seat_{nullptr};
  // Written by whoever ends the loop.
  Atomic<bool> leave_{false};

  SpinLock away_regions_;

  Inbox inbox_;
};

}  // namespace rota::inline v0
