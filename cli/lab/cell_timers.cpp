#include "cell_tasks.hpp"

#include "cli/load/monotonic.hpp"
#include "workloads.hpp"

#include <rota/scope.hpp>
#include <rota/time.hpp>

#include <cstdint>
#include <random>
#include <utility>

namespace rota::cli {
namespace {

constexpr unsigned seed = 20;  // Any: every driver gets the same sleeps.

struct TimerRun {
  Window& window;
  std::mt19937_64 random{seed};

  Duration between_ms(std::uint64_t least, std::uint64_t most) {
    const std::uint64_t part_ns = random() % ((most - least) * ns_per_ms);
    return Duration(static_cast<std::int64_t>(least * ns_per_ms + part_ns));
  }
};

Task<void> sleep_loop(TimerRun& run) {
  while (run.window.more()) {
    const Instant due = Instant{static_cast<std::int64_t>(monotonic_ns())} + run.between_ms(1, 50);
    auto slept = co_await sleep_until(due);
    if (!slept) co_return;
    run.window.record(static_cast<std::uint64_t>(due.ns), monotonic_ns());
  }
}

Task<void> give_way() { co_await yield(); }

Task<void> timeout_loop(TimerRun& run) {
  while (run.window.more()) {
    const std::uint64_t from_ns = monotonic_ns();
    auto timed = timeout(run.between_ms(1'000, 10'000), give_way());
    auto ended = co_await std::move(timed);
    if (!ended) co_return;
    run.window.record(from_ns, monotonic_ns());
  }
}

Task<void> nap(TimerRun& run) {
  auto slept = co_await sleep(run.between_ms(100'000, 1'000'000));
  static_cast<void>(slept);
}

Task<void> sleep_side_by_side(Scope& scope, TimerRun& run, std::uint32_t width) {
  for (std::uint32_t i = 0; i < width; ++i) scope.spawn(sleep_loop(run));
  co_return;
}

Task<void> time_out_side_by_side(Scope& scope, TimerRun& run, std::uint32_t width) {
  for (std::uint32_t i = 0; i < width; ++i) scope.spawn(timeout_loop(run));
  co_return;
}

/// The timers that are far off, set before the gate opens, around the loops that are measured.
Task<void> among_far_timers(Scope& far, TimerRun& run, std::uint32_t width) {
  for (std::uint32_t i = 0; i < live_timers; ++i) far.spawn(nap(run));
  co_await yield();  // They set their timers.
  await_gate();
  run.window.begin();
  auto body = [&run, width](Scope& scope) { return time_out_side_by_side(scope, run, width); };
  auto loops = with_scope(body);
  co_await std::move(loops);
  far.request_stop();
}

}  // namespace

Task<void> sleep_again_and_again(const CellOptions& options, Window& window) {
  TimerRun run{window};
  await_gate();
  window.begin();
  const std::uint32_t width = options.workload->width;
  auto body = [&run, width](Scope& scope) { return sleep_side_by_side(scope, run, width); };
  auto sleeping = with_scope(body);
  co_await std::move(sleeping);
}

Task<void> set_and_call_off(const CellOptions& options, Window& window) {
  TimerRun run{window};
  const std::uint32_t width = options.workload->width;
  auto body = [&run, width](Scope& scope) { return among_far_timers(scope, run, width); };
  auto loops = with_scope(body);
  co_await std::move(loops);
}

}  // namespace rota::cli
