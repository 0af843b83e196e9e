#include <rota/core/check_usage.hpp>
#include <rota/runtime.hpp>

#include "base/entropy.hpp"
#include "base/membarrier.hpp"
#include "driver/choose.hpp"
#include "observe/task_lengths.hpp"
#include "runtime/measurements/choice.hpp"
#include "runtime/sim_crew.hpp"
#include "sched/blocking_threads.hpp"
#include "sched/carriers.hpp"
#include "sched/lone_carriage.hpp"
#include "sched/per_core.hpp"
#include "sched/placement.hpp"
#include "sched/single.hpp"
#include "sched/stealing.hpp"
#include "sched/worker.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

namespace rota::inline v0 {

namespace {

/// As many as are simulated where nothing else is said: the same on every machine, so that a run is
/// repeated by its seed.
constexpr std::uint32_t kSimulatedWorkers = 4;

/// The single scheduler's worker is wherever the caller is, and so are those of a simulation.
Placement place_workers(const Config& config) {
  const SchedulerConfig& scheduler = config.scheduler;
  if (scheduler.kind == SchedulerKind::single) return {{Place{}}, {}, {}};
  if (config.driver.kind == DriverKind::sim) {
    const std::uint32_t workers = scheduler.workers == 0 ? kSimulatedWorkers : scheduler.workers;
    return {std::vector<Place>(workers), {}, {}};
  }
  return choose_placement(read_machine(), scheduler);
}

/// Simulated time costs nothing, and a run is repeated by its seed alone.
MeasuredChoice measure_for(const Config& config) {
  const bool is_simulated = config.driver.kind == DriverKind::sim;
  return measured_choice(is_simulated ? Measuring::off : config.measuring);
}

}  // namespace

struct Runtime::State {
  explicit State(const Config& config)
      : placement(place_workers(config)), measured(measure_for(config)) {
    if (config.driver.kind != DriverKind::sim) {
      blocking = std::make_unique<BlockingThreads>(config.blocking);
      core.use(*blocking);
    }
    if (config.scheduler.kind == SchedulerKind::single) return;
    if (config.scheduler.kind == SchedulerKind::stealing) {
      shared = std::make_unique<SharedWork>(static_cast<std::uint32_t>(placement.places.size()));
    }
    if (config.driver.kind == DriverKind::sim) {
      auto made_crew = std::make_unique<SimCrew>(core, config.driver.seed);
      crew = made_crew.get();
      core.use(*crew);
      carriage = std::move(made_crew);
    }
  }

  /// One for each worker, all of one kind, for Descriptors go from one to another. Where the best
  /// one is refused to a later worker, as rings are when the memory to lock is used up, all have
  /// epoll.
  Result<void> make_drivers(DriverConfig config) {
    const bool may_choose = config.kind == DriverKind::best;
    RingSubmitter submitter;
    for (const Place& place : placement.places) {
      std::vector<Refusal> refusals;
      auto chosen = choose_driver(
          config, &refusals,
          {.cpu = place.cpu, .world = crew, .submitter = &submitter,
           .tries_lone_reads = measured.tries_lone_reads});
      if (drivers.empty() || !chosen) keep(refusals);
      if (!chosen) {
        if (!may_choose || config.kind != DriverKind::io_uring) {
          return std::unexpected(chosen.error());
        }
        drivers.clear();
        config.kind = DriverKind::epoll;
        auto remade = make_drivers(config);
        reason = "epoll: a worker was refused a ring, and all have one kind of driver.";
        return remade;
      }
      if (drivers.empty()) reason = std::move(chosen->reason);
      config.kind = chosen->kind;
      drivers.push_back(std::move(chosen->driver));
    }
    return {};
  }

  /// The drivers are there: makes the workers, and the scheduler over them.
  Result<void> assemble(const SchedulerConfig& config) {
    if (shared != nullptr) core.share(*shared, descriptors_move());
    core.use(choose_wait(config, drivers.size(), measured.wake));
    for (std::size_t i = 0; i < drivers.size(); ++i) {
      made.push_back(std::make_unique<Worker>(core, *drivers[i], static_cast<std::uint16_t>(i)));
      workers.push_back(made.back().get());
    }
    scheduler = make_scheduler(config);
    core.use(*scheduler);
    core.employ(workers);
    return config.kind == SchedulerKind::single ? carry_on_caller() : carry_beside();
  }

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
    if (carriage->serves_any_thread()) return;
    const pid_t here = ::gettid();
    pid_t seen = 0;
    const bool first = carrier.compare_exchange_strong(seen, here, MemoryOrder::relaxed);
    check_usage(first || seen == here,
                "block_on, shutdown or the destructor was called on a second thread: a runtime "
                "without threads of its own belongs to the first thread that calls block_on or "
                "shutdown");
  }

  RuntimeCore core;
  Placement placement;
  MeasuredChoice measured;
  std::unique_ptr<SharedWork> shared;
  std::vector<std::unique_ptr<Driver>> drivers;
  std::string reason;
  std::vector<RefusedDriver> refused;
  std::vector<std::unique_ptr<Worker>> made;
  std::vector<Worker*> workers;
  std::unique_ptr<Scheduler> scheduler;
  SimCrew* crew = nullptr;  // the carriage of simulated workers
  std::unique_ptr<Carriage> carriage;
  std::unique_ptr<BlockingThreads> blocking;  // none under simulation
  // The thread that a runtime without threads of its own belongs to; 0 until it is entered.
  Atomic<pid_t> carrier{0};

 private:
  void keep(std::vector<Refusal>& refusals) {
    for (Refusal& refusal : refusals) {
      refused.push_back({std::move(refusal.mechanism), std::move(refusal.reason), refusal.error});
    }
  }

  Result<void> carry_on_caller() {
    carriage = std::make_unique<LoneCarriage>(*workers.front());
    return {};
  }

  Result<void> carry_beside() {
    if (crew != nullptr) return crew->employ(workers);
    auto carriers = std::make_unique<Carriers>(core);
    std::vector<int> cpus;
    for (const Place& place : placement.places) cpus.push_back(place.cpu);
    auto started = carriers->start(workers, cpus);
    carriage = std::move(carriers);
    return started;
  }

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
  std::vector<RefusedDriver> unheard;
  return make(config, unheard);
}

Result<Runtime> Runtime::make(const Config& asked, std::vector<RefusedDriver>& refused) {
  if (asked.scheduler.workers > most_workers) return failure(EINVAL);
  Config config = asked;
  if (config.driver.kind == DriverKind::sim && config.driver.seed == 0) {
    config.driver.seed = entropy();
  }
  Owned<State> state(new State(config));
  auto made = state->make_drivers(driver_config(config));
  refused = state->refused;
  if (!made) return std::unexpected(made.error());
  if (auto assembled = state->assemble(config.scheduler); !assembled) {
    return std::unexpected(assembled.error());
  }
  return Runtime(std::move(state));
}

Runtime::Runtime(Owned<State> state) noexcept : state_(std::move(state)) {}
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
  if (!state_) return;
  if (state_->carriage->may_have_work()) shutdown();
  state_->carriage->stop();
  check_usage(state_->core.descriptors().live() == 0,
              "a socket, a file or a watch outlived its Runtime; drop or close it first");
}

void Runtime::enter() noexcept {
  state_->enter("block_on was called inside a task; co_await the task there, or spawn it");
}

ScopeCore& Runtime::root() noexcept { return state_->core.common_root(); }

void Runtime::run_until_done(TaskHeader& task) { state_->carriage->run_until_ended(task); }

void Runtime::request_stop() noexcept { state_->core.stop_all(); }

ShutdownReport Runtime::shutdown(Duration limit) {
  state_->enter("shutdown, or the destructor of a Runtime with tasks, was called inside a task");
  state_->core.refuse();
  request_stop();
  state_->carriage->run_until_quiet(limit);
  return {.tasks = state_->core.tasks_live(),
          .operations = state_->in_flight(),
          .descriptors = state_->core.descriptors().live()};
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
  const FramePool::Use frames = FramePool::use();
  sum.frames_live = frames.blocks;
  sum.frames_live_bytes = frames.bytes;
  sum.frames_peak_bytes = frames.peak_bytes;
  sum.descriptors_live = state_->core.descriptors().live();
  if (const BlockingThreads* blocking = state_->core.blocking()) {
    const BlockingThreads::Use use = blocking->use();
    sum.blocking_threads = use.threads;
    sum.blocking_waiting = use.waiting;
    sum.blocking_oldest_wait = use.oldest_wait;
  }
  for (const auto& driver : state_->drivers) {
    const EngineUse use = driver->engine_use();
    sum.file_threads += use.threads;
    sum.file_waiting += use.waiting;
    sum.file_oldest_wait = std::max(sum.file_oldest_wait, use.oldest_wait);
    const DriverCounters& counted = driver->counters();
    sum.demoted_sends += counted.demoted_sends;
    sum.demoted_reads += counted.demoted_reads;
    sum.demoted_files += counted.demoted_files;
    sum.restarted_streams += counted.restarted_streams;
    sum.dry_receives += counted.dry_receives;
    sum.punted_files += counted.punted_files;
  }
  return sum;
}

TaskLengths Runtime::task_lengths() const {
  std::vector<const RunAccount*> accounts;
  for (const Worker* worker : state_->workers) accounts.push_back(&worker->account());
  return rota::task_lengths(accounts);
}

std::size_t frame_bytes_in_use() noexcept { return FramePool::use().bytes; }

}  // namespace rota::inline v0
