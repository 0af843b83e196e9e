#pragma once

#include <rota/config.hpp>
#include <rota/core/instant.hpp>
#include <rota/core/owned.hpp>
#include <rota/core/scope_core.hpp>
#include <rota/fiber.hpp>
#include <rota/join.hpp>
#include <rota/lengths.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace rota::inline v0 {

/// A mechanism that was tried and is not used: what the kernel answered, in a sentence.
struct RefusedDriver {
  std::string mechanism;
  std::string reason;
  int error = 0;
};

/// What was left when a shutdown ended.
struct ShutdownReport {
  std::size_t tasks = 0;        ///< tasks that had not ended
  std::size_t operations = 0;   ///< operations still with the kernel
  std::size_t descriptors = 0;  ///< fds not yet closed
  [[nodiscard]] bool clean() const noexcept {
    return tasks == 0 && operations == 0 && descriptors == 0;
  }
};

/// What a runtime has done since it was made.
struct RuntimeCounters {
  std::uint64_t tasks_run = 0;  ///< times a task was given the worker
  std::uint64_t driver_turns = 0;
  std::uint64_t sleeps = 0;       ///< turns with nothing else to do
  std::uint64_t completions = 0;  ///< operations that came back through the driver
  std::uint64_t immediate = 0;    ///< operations that completed when they were started
  std::uint64_t timers_fired = 0;
  std::uint64_t budget_yields = 0;  ///< tasks that were made to let others run
  std::uint64_t stolen = 0;         ///< times a worker took from another one's queue
  std::uint64_t tended = 0;         ///< times a worker saw to the I/O of one inside a long task
  std::int64_t frames_live = 0;     ///< frames and headers of all runtimes of this process
  std::size_t frames_live_bytes = 0;  ///< theirs; without what is above 4 KiB, which malloc gives
  /// What they have ever needed: the most that each worker had out, to a page per size. Memory that
  /// was taken for frames once is kept for frames.
  std::size_t frames_peak_bytes = 0;
  std::size_t descriptors_live = 0;
  std::size_t timers_live = 0;
  std::size_t operations_live = 0;
  std::size_t blocking_threads = 0;  ///< there at the moment, for `blocking`
  std::size_t blocking_waiting = 0;  ///< calls that no thread has begun
  Duration blocking_oldest_wait;     ///< how long the first of them has waited
  /// The same for calls on files, in the pools of the drivers, whose threads that wait for words of
  /// memory are counted too: what io_uring does by itself is not among them. The wait is that of
  /// the pool with the longest, to a millisecond.
  std::size_t file_threads = 0;
  std::size_t file_waiting = 0;
  Duration file_oldest_wait;
  /// How often a faster way was given up because it was none here, and how often one ended early.
  std::uint64_t demoted_sends = 0;      ///< connections whose sends in place were copied all the
                                        ///< same, or refused, for want of lockable memory for one:
                                        ///< theirs are plain sends from then on
  std::uint64_t demoted_reads = 0;      ///< files of which the page cache keeps lacking parts:
                                        ///< reads of theirs are tried at once no more, but for a
                                        ///< probe now and then
  std::uint64_t demoted_files = 0;      ///< files whose reads or writes the ring of a worker kept
                                        ///< handing back (`punted_files`): a thread of the
                                        ///< kernel's is told at once, but for a probe now and then
  std::uint64_t restarted_streams = 0;  ///< accepts for every connection that the kernel had ended,
                                        ///< as it does when a ring has no room for completions
  std::uint64_t dry_receives = 0;       ///< receives to which a ring had no buffer to offer at the
                                        ///< moment: they were begun anew
  std::uint64_t punted_files = 0;       ///< operations on files that the ring of a worker could not
                                        ///< do without blocking: a thread of the kernel's was told
};

/// `frames_live_bytes` of RuntimeCounters, without a Runtime. Any thread; exact while no other
/// thread runs tasks.
[[nodiscard]] std::size_t frame_bytes_in_use() noexcept;

/// Threads that the kernel has started in this process for its rings, those of all runtimes.
struct RingThreads {
  std::size_t workers = 0;     ///< for what would hold up whoever asks for it (io-wq): each worker
                               ///< of a runtime has up to `bounded_ring_workers` and
                               ///< `unbounded_ring_workers` of them, as does a submitter
  std::size_t submitters = 0;  ///< of rings with the profile `sqpoll`
};

/// Looks for them among all threads of the process, by the names that the kernel gives them: a
/// system call or three for each thread, so it is for reports. None where /proc cannot be read. Any
/// thread; throws std::bad_alloc.
[[nodiscard]] RingThreads ring_threads();

/// A scheduler with its workers, their drivers and their timers.
///
/// `make` probes the machine (choose.cpp keeps why each mechanism was refused). With the single
/// scheduler it starts no thread before one is needed, and the runtime belongs to the first thread
/// that calls `block_on` or `shutdown`, which may be another one than made it; no other thread may
/// call these two; so it is with every scheduler under `sim`. Else each of several workers has a
/// thread of its own from the start, and any thread may call them. Nobody may inside a task. What
/// says so is for any thread. The destructor asks everything to stop and waits for it without a
/// limit: call `shutdown` first to have one. After a clean shutdown, with nothing posted since, any
/// thread may run it. Sockets, files and watches are gone before it, and so are threads that may
/// still wake a task. Breaking one of these rules ends the process with a message.
class Runtime {
 public:
  [[nodiscard]] static Result<Runtime> make(const Config& config = {});
  /// The same. `refused` is told why each mechanism that was tried is not used: that is the one way
  /// to hear it when all were refused.
  [[nodiscard]] static Result<Runtime> make(const Config& config,
                                            std::vector<RefusedDriver>& refused);

  Runtime(Runtime&&) noexcept;
  Runtime& operator=(Runtime&&) noexcept;
  ~Runtime();

  /// Runs `task`, and with it whatever else is ready, until `task` has ended. Blocks the calling
  /// thread, which carries the workers meanwhile, unless they have threads of their own. Rethrows
  /// the task's exception; after a `shutdown` the task is refused as by `spawn`, and that is
  /// rethrown.
  template <class T>
  T block_on(Task<T> task, std::source_location site = std::source_location::current()) {
    enter();
    JoinHandle<T> handle = spawn_into(root(), std::move(task), SpawnOptions("main"), site);
    run_until_done(handle.task());
    return take_result(std::move(handle));
  }

  /// Starts a task that belongs to no scope but the runtime. With the single scheduler it runs
  /// while some thread is inside `block_on`. Once `shutdown` was called the task is refused: it
  /// never runs, and its handle says that it failed with what a cancelled Result's `.value()`
  /// throws. Any thread; throws std::bad_alloc.
  template <class T>
  JoinHandle<T> spawn(Task<T> task, SpawnOptions options = {},
                      std::source_location site = std::source_location::current()) {
    return spawn_into(root(), std::move(task), options, site);
  }
  /// The same on the worker that is named. An index that names none ends the process with a
  /// message. Where workers steal it may go on on another one.
  template <class T>
  JoinHandle<T> spawn_on(WorkerIndex worker, Task<T> task, SpawnOptions options = {},
                         std::source_location site = std::source_location::current()) {
    return spawn_into_on(worker, root(), std::move(task), options, site);
  }
  /// The same as `spawn` with a fiber that calls `body`.
  template <std::invocable F>
  JoinHandle<std::invoke_result_t<F&>> spawn_fiber(
      F body, const FiberOptions& options = {},
      std::source_location site = std::source_location::current()) {
    return spawn_into(root(), on_fiber(std::move(body), options), SpawnOptions(options.name), site);
  }

  /// Refuses every later spawn, asks every task to stop, runs them until all have ended or `limit`
  /// has passed, closes what was left open, and says what remained. What a socket's owner still
  /// holds stays open. May be called again to wait for the rest.
  ShutdownReport shutdown(Duration limit = Duration::max());

  /// Asks every task of the runtime to stop. Any thread.
  void request_stop() noexcept;

  [[nodiscard]] std::size_t worker_count() const noexcept;
  [[nodiscard]] std::string_view driver_name() const noexcept;
  /// Why this driver, in a sentence.
  [[nodiscard]] const std::string& driver_reason() const noexcept;
  /// What was tried before it.
  [[nodiscard]] const std::vector<RefusedDriver>& refused() const noexcept;
  /// Any thread. Each count is right; together they are of one moment only while nothing runs.
  [[nodiscard]] RuntimeCounters counters() const noexcept;
  /// How long its tasks run and wait to be run, by spawn site and by worker, and its longest runs
  /// by name. Always on. Any thread, at any time: what a worker is in the midst of, up to 64 runs,
  /// comes later. Throws std::bad_alloc. What was loaded with the code that spawned must still be.
  [[nodiscard]] TaskLengths task_lengths() const;

 private:
  struct State;
  explicit Runtime(Owned<State> state) noexcept;

  void enter() noexcept;
  void end() noexcept;
  ScopeCore& root() noexcept;
  void run_until_done(TaskHeader& task);

  template <class T>
  static T take_result(JoinHandle<T> handle) {
    if (handle.task().failed()) std::rethrow_exception(hand_out_error(handle.task()));
    if constexpr (!std::is_void_v<T>) return handle.take();
  }

  Owned<State> state_;
};

/// Starts a task on the current runtime, outside any scope. Only in a task; throws bad_alloc. One
/// that fails and whose handle is dropped without a join is named on standard error.
template <class T>
JoinHandle<T> spawn(Task<T> task, SpawnOptions options = {},
                    std::source_location site = std::source_location::current()) {
  return spawn_into_root(std::move(task), options, site);
}

/// Starts a fiber that calls `body` on the current runtime, outside any scope. Only in a task;
/// throws bad_alloc.
template <std::invocable F>
JoinHandle<std::invoke_result_t<F&>> spawn_fiber(
    F body, const FiberOptions& options = {},
    std::source_location site = std::source_location::current()) {
  return spawn_into_root(on_fiber(std::move(body), options), SpawnOptions(options.name), site);
}

/// Waits for SIGINT or SIGTERM, then asks everything on `runtime` to stop. The part of `rota::run`
/// that drains, for programs with their own main.
///
/// @threads one task
/// @loses nothing: it yields false
/// @owns the signals' old effect comes back with its end, so that the next one has it again
/// @errors none: false also says that no signal can be watched
[[nodiscard]] Task<bool> stop_on_signal(Runtime& runtime);

/// Makes a runtime, runs `main` on it and shuts it down: the body of most programs. SIGINT and
/// SIGTERM ask every task to stop, so that the program drains; a second one ends it. Returns what
/// `main` returns, 0 for void; 1 after an exception, which is printed, unless it says no more than
/// that a wait of `main` was cancelled by such a signal. Makes the process ignore SIGPIPE: a peer
/// that is gone is the error of a write.
int run(Task<int> main, const Config& config = {},
        std::source_location site = std::source_location::current());
int run(Task<void> main, const Config& config = {},
        std::source_location site = std::source_location::current());

}  // namespace rota::inline v0
