// The limit of the timer measurements: a bare wheel, a million timers live at once.

#include "bench/raw/bare_wheel.hpp"
#include "bench/raw/timer_plan.hpp"

#include <memory>
#include <vector>

int main() {
  const auto plan = rota::bench::TimerPlan::make();
  auto wheel = std::make_unique<rota::bench::BareWheel>();
  std::vector<rota::bench::BareTimer> timers(plan.timers);
  rota::bench::measure_timers(
      plan, [&](std::size_t i, std::int64_t due_ns) { wheel->insert(timers[i], due_ns); },
      [&](std::size_t i) { rota::bench::BareWheel::remove(timers[i]); });
}
