// Rota's timer wheel by itself, beside the bare one (bench/raw/wheel.cpp): a million timers live
// at once.

#include "time/timer_wheel.hpp"

#include "bench/raw/timer_plan.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

struct Entry : rota::TimerEntry {
  // None of the plan's timers falls due.
  Entry() : TimerEntry([](rota::TimerEntry&) noexcept { std::abort(); }) {}
};

}  // namespace

int main() {
  const auto plan = rota::bench::TimerPlan::make();
  auto wheel = std::make_unique<rota::TimerWheel>(rota::Instant{0});
  std::vector<Entry> entries(plan.timers);
  rota::bench::measure_timers(
      plan,
      [&](std::size_t i, std::int64_t due_ns) {
        wheel->insert(entries[i], rota::Instant{due_ns});
      },
      [&](std::size_t i) { wheel->remove(entries[i]); });
  if (!wheel->empty()) {
    std::fprintf(stderr, "rota_timers: %zu timers were left behind\n", wheel->size());
    return EXIT_FAILURE;
  }
}
