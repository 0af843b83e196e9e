#include <rota/core/check_usage.hpp>
#include <rota/runtime.hpp>
#include <rota/scope.hpp>
#include <rota/signal.hpp>

#include "base/fatal.hpp"
#include "driver/choose.hpp"
#include "sched/single.hpp"
#include "sched/thrown.hpp"
#include "sched/worker.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace rota::inline v0 {

/// Runs on the worker when the task that `block_on` waits for has ended.
struct LoopEnd : Runnable {
  explicit LoopEnd(Worker& home) noexcept {
    header.home = &home;
    task = &header;
    resume = [](Runnable& self) noexcept { self.task->home->leave(); };
  }
  TaskHeader header;
};

struct Runtime::State {
  explicit State(ChosenDriver chosen, std::vector<Refusal> refusals)
      : driver(std::move(chosen.driver)),
        reason(std::move(chosen.reason)),
        worker(core, *driver),
        scheduler(worker) {
    core.use(scheduler);
    for (Refusal& refusal : refusals) {
      refused.push_back({std::move(refusal.mechanism), std::move(refusal.reason), refusal.error});
    }
  }

  RuntimeCore core;
  std::unique_ptr<Driver> driver;
  std::string reason;
  std::vector<RefusedDriver> refused;
  Worker worker;
  SingleScheduler scheduler;

  [[nodiscard]] bool has_anything_to_do() noexcept {
    return core.root().live() != 0 || worker.in_flight() != 0 || worker.has_work();
  }

  /// Before the calling thread carries the worker. Some drivers are bound to their first thread by
  /// the kernel; for equal semantics all are, and a program hears it under any of them.
  void enter(const char* if_in_task) noexcept {
    check_usage(current_task() == nullptr, if_in_task);
    const pid_t here = ::gettid();
    pid_t seen = 0;
    const bool first = carrier.compare_exchange_strong(seen, here, MemoryOrder::relaxed);
    check_usage(first || seen == here,
                "block_on, shutdown or the destructor was called on a second thread: a runtime "
                "belongs to the first thread that calls block_on or shutdown");
  }

  // The thread that this runtime belongs to; 0 until it is entered.
  Atomic<pid_t> carrier{0};
};

Result<Runtime> Runtime::make(const Config& config) {
  std::vector<Refusal> refusals;
  auto chosen = choose_driver(config.driver, &refusals);
  if (!chosen) return std::unexpected(chosen.error());
  return Runtime(std::make_unique<State>(std::move(*chosen), std::move(refusals)));
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
  if (state_->has_anything_to_do()) shutdown();
  check_usage(state_->core.descriptors().live() == 0,
              "a socket, a file or a watch outlived its Runtime; drop or close it first");
}

void Runtime::enter() noexcept {
  state_->enter("block_on was called inside a task; co_await the task there, or spawn it");
}

ScopeCore& Runtime::root() noexcept { return state_->core.root(); }

void Runtime::run_until_done(TaskHeader& task) {
  Worker& worker = state_->worker;
  LoopEnd end(worker);
  if (!task.join.wait(&end)) return;
  if (worker.carry(current_seat()) == Worker::CarryEnd::taken) {
    fatal("the worker was taken over under block_on");
  }
}

void Runtime::request_stop() noexcept { state_->core.root().stop_all(); }

ShutdownReport Runtime::shutdown(Duration limit) {
  state_->enter("shutdown, or the destructor of a Runtime with tasks, was called inside a task");
  Worker& worker = state_->worker;
  ScopeCore& root = state_->core.root();
  root.refuse();
  request_stop();
  // A timer ends the sleep in which the limit passes; who looks at the clock is the loop.
  TimerEntry alarm([](TimerEntry&) noexcept {});
  const Instant due = worker.driver().now() + limit;
  if (limit != Duration::max()) worker.timers().insert(alarm, due);
  // Pass by pass, with nothing of this call in a queue, so that it may end after any of them. What
  // tasks leave open is closed by operations, which are counted; a descriptor whose owner is still
  // alive is reported and not waited for, as this very thread may hold it.
  while (state_->has_anything_to_do()) {
    if (worker.driver().now() >= due) break;
    // Only a pass that runs nothing may sleep: one that runs the last task has nothing to wait for.
    const auto idle = worker.has_work() ? Worker::Idle::return_at_once : Worker::Idle::sleep;
    worker.pass(current_seat(), idle);
  }
  if (alarm.armed()) worker.timers().remove(alarm);
  return {.tasks = root.live(),
          .operations = worker.in_flight(),
          .descriptors = state_->core.descriptors().live()};
}

std::string_view Runtime::driver_name() const noexcept { return state_->driver->traits().name; }

const std::string& Runtime::driver_reason() const noexcept { return state_->reason; }

const std::vector<RefusedDriver>& Runtime::refused() const noexcept { return state_->refused; }

RuntimeCounters Runtime::counters() const noexcept {
  const WorkerCounters& worker = state_->worker.counters();
  return {.tasks_run = worker.tasks_run,
          .driver_turns = worker.turns,
          .sleeps = worker.sleeps,
          .completions = worker.completions,
          .immediate = worker.immediate,
          .timers_fired = worker.timers_fired,
          .budget_yields = worker.budget_yields,
          .frames_live = FramePool::live_everywhere(),
          .descriptors_live = state_->core.descriptors().live(),
          .timers_live = state_->worker.timers().size(),
          .operations_live = state_->worker.in_flight()};
}

Task<bool> stop_on_signal(Runtime& runtime) {
  Result<SignalWatch> watch = SignalWatch::open({SIGINT, SIGTERM});
  if (!watch) co_return false;
  Result<int> signal = co_await watch->next();
  if (!signal) co_return false;
  runtime.request_stop();
  co_return true;
}

std::size_t frame_bytes_in_use() noexcept { return FramePool::bytes_everywhere(); }

ScopeCore& current_root() noexcept { return current_runtime().root(); }

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
  JoinHandle<bool> stopper = runtime->spawn(stop_on_signal(*runtime), SpawnOptions("signals"));
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
