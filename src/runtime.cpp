#include <rota/core/check_usage.hpp>
#include <rota/runtime.hpp>
#include <rota/scope.hpp>
#include <rota/signal.hpp>

#include "base/fatal.hpp"
#include "base/membarrier.hpp"
#include "driver/choose.hpp"
#include "observe/task_lengths.hpp"
#include "sched/carriers.hpp"
#include "sched/per_core.hpp"
#include "sched/placement.hpp"
#include "sched/quiet_wait.hpp"
#include "sched/single.hpp"
#include "sched/stealing.hpp"
#include "sched/thrown.hpp"
#include "sched/worker.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>

namespace rota::inline v0 {

namespace {

/// Runs on a worker when the task that `block_on` waits for has ended.
struct LoopEnd : Runnable {
  explicit LoopEnd(Worker& home) noexcept {
    header.home.set(&home);
    task = &header;
    resume = [](Runnable& self) noexcept { self.task->home->leave(); };
  }
  TaskHeader header;
};

/// The same where the workers have threads of their own, and the caller only waits.
class EndSignal : public Runnable {
 public:
  explicit EndSignal(Worker& home) noexcept {
    header_.home.set(&home);
    task = &header_;
    resume = [](Runnable& self) noexcept { static_cast<EndSignal&>(self).send(); };
  }
  void wait() {
    std::unique_lock lock(mutex_);
    sent_.wait(lock, [this] { return has_ended_; });
  }

 private:
  void send() noexcept {
    // Under the mutex: whoever waits may destroy this as soon as it is released.
    std::lock_guard lock(mutex_);
    has_ended_ = true;
    sent_.notify_one();
  }

  TaskHeader header_;
  std::mutex mutex_;
  std::condition_variable sent_;
  bool has_ended_ = false;
};

}  // namespace

namespace {

/// The single scheduler's worker is wherever the caller is.
Placement place_workers(const SchedulerConfig& config) {
  if (config.kind == SchedulerKind::single) return {{Place{}}, {}, {}};
  Pinning pinning = config.pinning;
  if (pinning == Pinning::best) {
    pinning = config.kind == SchedulerKind::per_core ? Pinning::own_cpu : Pinning::never;
  }
  return choose_placement(read_machine(), config.workers, pinning);
}

}  // namespace

struct Runtime::State {
  explicit State(const SchedulerConfig& config) : placement(place_workers(config)) {
    if (config.kind != SchedulerKind::stealing) return;
    shared = std::make_unique<SharedWork>(static_cast<std::uint32_t>(placement.places.size()));
  }

  /// The drivers are there: makes the workers, and the scheduler over them.
  Result<void> assemble(const SchedulerConfig& config) {
    if (shared != nullptr) core.share(*shared, descriptors_move());
    core.use(choose_wait(config, drivers.size()));
    for (std::size_t i = 0; i < drivers.size(); ++i) {
      made.push_back(std::make_unique<Worker>(core, *drivers[i], static_cast<std::uint16_t>(i)));
      workers.push_back(made.back().get());
    }
    scheduler = make_scheduler(config);
    core.use(*scheduler);
    core.employ(workers);
    if (config.kind == SchedulerKind::single) return {};
    std::vector<int> cpus;
    for (const Place& place : placement.places) cpus.push_back(place.cpu);
    return carriers.start(workers, cpus);
  }

  [[nodiscard]] bool on_own_threads() const noexcept { return !carriers.empty(); }
  [[nodiscard]] std::size_t in_flight() const noexcept {
    return sum([](const Worker& worker) { return worker.in_flight(); });
  }
  template <class Count>
  [[nodiscard]] std::size_t sum(Count&& count) const noexcept {
    std::size_t result = 0;
    for (const Worker* worker : workers) result += count(*worker);
    return result;
  }

  /// Before the calling thread carries the worker. Some drivers are bound to their first thread by
  /// the kernel; for equal semantics all are, and a program hears it under any of them.
  void enter(const char* if_in_task) noexcept {
    check_usage(current_task() == nullptr, if_in_task);
    if (on_own_threads()) return;
    const pid_t here = ::gettid();
    pid_t seen = 0;
    const bool first = carrier.compare_exchange_strong(seen, here, MemoryOrder::relaxed);
    check_usage(first || seen == here,
                "block_on, shutdown or the destructor was called on a second thread: a runtime of "
                "one worker belongs to the first thread that calls block_on or shutdown");
  }

  RuntimeCore core;
  Placement placement;
  std::unique_ptr<SharedWork> shared;
  std::vector<std::unique_ptr<Driver>> drivers;
  std::string reason;
  std::vector<RefusedDriver> refused;
  std::vector<std::unique_ptr<Worker>> made;
  std::vector<Worker*> workers;
  std::unique_ptr<Scheduler> scheduler;
  Carriers carriers;
  // The thread that a runtime of one worker belongs to; 0 until it is entered.
  Atomic<pid_t> carrier{0};

 private:
  [[nodiscard]] DescriptorHome::Move descriptors_move() const noexcept {
    const bool all =
        std::ranges::all_of(drivers, [](const auto& driver) { return driver->traits().lets_go; });
    return all ? DescriptorHome::Move::allowed : DescriptorHome::Move::forbidden;
  }

  [[nodiscard]] std::unique_ptr<Scheduler> make_scheduler(const SchedulerConfig& config) {
    switch (config.kind) {
      case SchedulerKind::single: break;
      case SchedulerKind::per_core: {
        auto per_core = std::make_unique<PerCoreScheduler>();
        per_core->attach(workers);
        return per_core;
      }
      case SchedulerKind::stealing: {
        const bool can_tend = register_process_barrier();
        // Alone there is nobody to tend.
        const bool watches = can_tend && workers.size() > 1;
        const Duration watch = watches ? std::chrono::microseconds(config.watch_us) : Duration{};
        auto stealing = std::make_unique<StealingScheduler>(
            *shared, StealingScheduler::Limits{
                         watch, Duration(std::chrono::microseconds(config.steal_one_us))});
        std::vector<std::vector<std::uint16_t>> victims;
        for (std::size_t i = 0; i < workers.size(); ++i) {
          victims.push_back(victims_by_distance(placement, i));
        }
        stealing->attach(workers, std::move(victims));
        return stealing;
      }
    }
    return std::make_unique<SingleScheduler>(*workers.front());
  }
};

namespace {

/// What a driver must be for a scheduler: where tasks move, a neighbour may have to collect what a
/// worker's ring has.
DriverConfig driver_config(const Config& config) {
  DriverConfig driver = config.driver;
  const bool moves = config.scheduler.kind == SchedulerKind::stealing;
  if (moves && driver.ring == RingProfile::best) driver.ring = RingProfile::movable;
  return driver;
}

}  // namespace

Result<Runtime> Runtime::make(const Config& config) {
  const bool several = config.scheduler.kind != SchedulerKind::single;
  // A virtual clock is one worker's.
  if (several && config.driver.kind == DriverKind::sim) return failure(EOPNOTSUPP);
  auto state = std::make_unique<State>(config.scheduler);
  const std::vector<Place>& places = state->placement.places;
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::vector<Refusal> refusals;
    auto chosen = choose_driver(driver_config(config), &refusals, places[i].cpu);
    if (!chosen) return std::unexpected(chosen.error());
    state->drivers.push_back(std::move(chosen->driver));
    if (i != 0) continue;
    state->reason = std::move(chosen->reason);
    for (Refusal& refusal : refusals) {
      state->refused.push_back(
          {std::move(refusal.mechanism), std::move(refusal.reason), refusal.error});
    }
  }
  if (auto assembled = state->assemble(config.scheduler); !assembled) {
    return std::unexpected(assembled.error());
  }
  return Runtime(std::move(state));
}

Runtime::Runtime(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Runtime::Runtime(Runtime&&) noexcept = default;
Runtime& Runtime::operator=(Runtime&& other) noexcept {
  if (this != &other) {
    end();
    state_ = std::move(other.state_);
  }
  return *this;
}
Runtime::~Runtime() { end(); }

void Runtime::end() noexcept {
  if (state_ == nullptr) return;
  if (state_->on_own_threads()) {
    shutdown();
    state_->carriers.stop();
  } else if (has_anything_to_do(*state_->workers.front())) {
    shutdown();
  }
  check_usage(state_->core.descriptors().live() == 0,
              "a socket, a file or a watch outlived its Runtime; drop or close it first");
}

bool Runtime::has_anything_to_do(const Worker& only) noexcept {
  return root().live() != 0 || only.in_flight() != 0 || only.has_work();
}

void Runtime::enter() noexcept {
  state_->enter("block_on was called inside a task; co_await the task there, or spawn it");
}

ScopeCore& Runtime::root() noexcept { return state_->core.root(); }

void Runtime::run_until_done(TaskHeader& task) {
  Worker& worker = *state_->workers.front();
  if (state_->on_own_threads()) {
    EndSignal end(worker);
    if (task.join.wait(&end)) end.wait();
    return;
  }
  LoopEnd end(worker);
  if (!task.join.wait(&end)) return;
  if (worker.carry(current_seat()) == Worker::CarryEnd::taken) {
    fatal("the worker was taken over under block_on");
  }
}

void Runtime::request_stop() noexcept { state_->core.root().stop_all(); }

ShutdownReport Runtime::shutdown(Duration limit) {
  state_->enter("shutdown, or the destructor of a Runtime with tasks, was called inside a task");
  root().refuse();
  request_stop();
  if (state_->on_own_threads()) {
    QuietWait(state_->core, state_->workers).wait(limit);
  } else {
    drain(*state_->workers.front(), limit);
  }
  return {.tasks = root().live(),
          .operations = state_->in_flight(),
          .descriptors = state_->core.descriptors().live()};
}

void Runtime::drain(Worker& worker, Duration limit) {
  // A timer ends the sleep in which the limit passes; who looks at the clock is the loop.
  TimerEntry alarm([](TimerEntry&) noexcept {});
  const Instant due = worker.driver().now() + limit;
  if (limit != Duration::max()) worker.insert_timer(alarm, due);
  // Pass by pass, with nothing of this call in a queue, so that it may end after any of them. What
  // tasks leave open is closed by operations, which are counted; a descriptor whose owner is still
  // alive is reported and not waited for, as this very thread may hold it.
  while (has_anything_to_do(worker)) {
    if (worker.driver().now() >= due) break;
    // Only a pass that runs nothing may sleep: one that runs the last task has nothing to wait for.
    const auto idle = worker.has_work() ? Worker::Idle::return_at_once : Worker::Idle::sleep;
    worker.pass(current_seat(), idle);
  }
  worker.remove_timer(alarm);
}

std::string_view Runtime::driver_name() const noexcept {
  return state_->drivers.front()->traits().name;
}

const std::string& Runtime::driver_reason() const noexcept { return state_->reason; }

const std::vector<RefusedDriver>& Runtime::refused() const noexcept { return state_->refused; }

std::size_t Runtime::worker_count() const noexcept { return state_->workers.size(); }

RuntimeCounters Runtime::counters() const noexcept {
  RuntimeCounters sum;
  for (Worker* worker : state_->workers) {
    const WorkerCounters& counted = worker->counters();
    sum.tasks_run += counted.tasks_run;
    sum.driver_turns += counted.turns;
    sum.sleeps += counted.sleeps;
    sum.completions += counted.completions;
    sum.immediate += counted.immediate;
    sum.timers_fired += counted.timers_fired;
    sum.budget_yields += counted.budget_yields;
    sum.stolen += counted.stolen;
    sum.tended += counted.tended;
    sum.timers_live += worker->timers_live();
    sum.operations_live += worker->in_flight();
  }
  sum.frames_live = FramePool::live_everywhere();
  sum.descriptors_live = state_->core.descriptors().live();
  return sum;
}

TaskLengths Runtime::task_lengths() const {
  std::vector<const RunAccount*> accounts;
  for (const Worker* worker : state_->workers) accounts.push_back(&worker->account());
  return rota::task_lengths(accounts);
}

namespace {

Task<Result<SignalWatch>> watch_for_the_end() { co_return SignalWatch::open({SIGINT, SIGTERM}); }

Task<bool> stop_when_seen(Runtime& runtime, Result<SignalWatch> watch) {
  if (!watch) co_return false;
  Result<int> signal = co_await watch->next();
  if (!signal) co_return false;
  runtime.request_stop();
  co_return true;
}

}  // namespace

Task<bool> stop_on_signal(Runtime& runtime) {
  Result<SignalWatch> watch = SignalWatch::open({SIGINT, SIGTERM});
  Task<bool> stopper = stop_when_seen(runtime, std::move(watch));
  bool stopped = co_await std::move(stopper);
  co_return stopped;
}

std::size_t frame_bytes_in_use() noexcept { return FramePool::bytes_everywhere(); }

namespace {

template <class T>
int run_and_report(Task<T> main, const Config& config) {
  auto runtime = Runtime::make(config);
  if (!runtime) {
    std::fprintf(stderr, "rota: cannot start: %s\n", runtime.error().message().c_str());
    return EXIT_FAILURE;
  }
  // A peer that is gone is an error of the write (EPIPE), not the end of the program.
  ::signal(SIGPIPE, SIG_IGN);
  // Before `main` begins, wherever that is: a signal that it sends itself is one of them.
  Result<SignalWatch> watch = runtime->block_on(watch_for_the_end());
  JoinHandle<bool> stopper =
      runtime->spawn(stop_when_seen(*runtime, std::move(watch)), SpawnOptions("signals"));
  int status = EXIT_FAILURE;
  try {
    if constexpr (std::is_void_v<T>) {
      runtime->block_on(std::move(main));
      status = EXIT_SUCCESS;
    } else {
      status = runtime->block_on(std::move(main));
    }
  } catch (...) {
    const std::exception_ptr error = std::current_exception();
    if (stopper.is_done() && stopper.take() && says_canceled(error)) {
      status = EXIT_SUCCESS;
    } else {
      std::fprintf(stderr, "rota: %s\n", text_of(error).c_str());
    }
  }
  runtime->shutdown();
  return status;
}

}  // namespace

int run(Task<int> main, const Config& config) { return run_and_report(std::move(main), config); }

int run(Task<void> main, const Config& config) { return run_and_report(std::move(main), config); }

}  // namespace rota::inline v0
