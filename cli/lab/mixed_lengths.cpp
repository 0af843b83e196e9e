#include "mixed_lengths.hpp"

#include <rota/rota.hpp>

#include "cli/load/monotonic.hpp"

#include <atomic>
#include <chrono>
#include <cmath>
#include <random>
#include <thread>

namespace rota::cli {
namespace {

/// One task of the plan: what it found is its own until all have ended.
struct Job {
  std::uint64_t spawned_ns = 0;
  std::uint64_t delay_ns = 0;
};

/// Told by the last of many tasks.
class Countdown {
 public:
  explicit Countdown(std::size_t tasks) : left_(tasks) {}
  void one_has_ended() noexcept {
    if (left_.fetch_sub(1) == 1) all_.set();
  }
  [[nodiscard]] Event& all() noexcept { return all_; }

 private:
  std::atomic<std::size_t> left_;
  Event all_;
};

Task<void> compute(Job& job, std::int64_t run_ns, Countdown& countdown) {
  const std::uint64_t began_ns = monotonic_ns();
  job.delay_ns = began_ns - job.spawned_ns;
  const std::uint64_t end_ns = began_ns + static_cast<std::uint64_t>(run_ns);
  while (monotonic_ns() < end_ns) {
  }
  countdown.one_has_ended();
  co_return;
}

Task<bool> wait_for(Event& event) {
  auto set = co_await event.wait();
  co_return set.has_value();
}

/// A site for each length, so that the runtime tells them apart.
void spawn_job(Runtime& runtime, Job& job, std::uint8_t length, Countdown& countdown) {
  const TaskLength& kind = task_lengths_mixed[length];
  job.spawned_ns = monotonic_ns();
  Task<void> task = compute(job, kind.run_ns, countdown);
  switch (length) {
    case 0: runtime.spawn(std::move(task), SpawnOptions(kind.name)); break;
    case 1: runtime.spawn(std::move(task), SpawnOptions(kind.name)); break;
    default: runtime.spawn(std::move(task), SpawnOptions(kind.name)); break;
  }
}

/// By a thread of its own: it sleeps until the next is due, and spawns all that are by then.
void spawn_all(Runtime& runtime, const ArrivalPlan& plan, std::vector<Job>& jobs,
               Countdown& countdown) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    std::this_thread::sleep_until(begin + std::chrono::nanoseconds(plan.arrivals[i].due_ns));
    spawn_job(runtime, jobs[i], plan.arrivals[i].length, countdown);
  }
}

}  // namespace

ArrivalPlan ArrivalPlan::make(double seconds, std::uint64_t seed) {
  constexpr double busy_share = 0.6;
  double mean_run_ns = 0;
  for (const TaskLength& length : task_lengths_mixed) {
    mean_run_ns += static_cast<double>(length.run_ns) * length.per_10000 / 10'000;
  }
  std::mt19937_64 random(seed);
  const auto drawn = [&random] { return static_cast<double>(random() >> 11U) * 0x1p-53; };
  ArrivalPlan plan;
  double due_ns = 0;
  for (;;) {
    due_ns -= std::log(1 - drawn()) * mean_run_ns / busy_share;
    // One at least: there is something to wait for.
    if (due_ns >= seconds * 1e9 && !plan.arrivals.empty()) return plan;
    const auto place = static_cast<unsigned>(drawn() * 10'000);
    std::uint8_t length = 0;
    unsigned below = task_lengths_mixed[0].per_10000;
    while (place >= below) below += task_lengths_mixed[++length].per_10000;
    plan.arrivals.push_back({static_cast<std::int64_t>(due_ns), length});
    plan.work_ns += task_lengths_mixed[length].run_ns;
  }
}

std::expected<void, std::string> run_mixed_lengths(const ArrivalPlan& plan,
                                                   const Discipline& discipline,
                                                   DisciplineFigures& figures) {
  Config config;
  config.scheduler = discipline.scheduler;
  auto runtime = Runtime::make(config);
  if (!runtime) return std::unexpected("cannot start: " + runtime.error().message());
  std::vector<Job> jobs(plan.arrivals.size());
  Countdown countdown(jobs.size());
  const std::uint64_t begin_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  std::uint64_t spawner_ns = 0;
  std::thread spawner([&] {
    spawn_all(*runtime, plan, jobs, countdown);
    spawner_ns = thread_cpu_ns();
  });
  const bool complete = runtime->block_on(wait_for(countdown.all()));
  spawner.join();
  runtime->shutdown();
  if (!complete) return std::unexpected("it was stopped");
  figures.cpu_ns += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_ns - spawner_ns;
  figures.work_ns += static_cast<std::uint64_t>(plan.work_ns);
  figures.tasks += jobs.size();
  figures.thefts += runtime->counters().stolen;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    figures.delay_ns[plan.arrivals[i].length].record(jobs[i].delay_ns);
  }
  figures.lengths = runtime->task_lengths();
  return {};
}

}  // namespace rota::cli
