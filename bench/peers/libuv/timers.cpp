// libuv's timers: uv_timer_start and uv_timer_stop on a million live timers.

#include <uv.h>

#include <vector>

#include "bench/raw/measure.hpp"
#include "bench/raw/timer_plan.hpp"

int main() {
  using rota::bench::thread_cpu_ns;
  const auto plan = rota::bench::TimerPlan::make();
  uv_loop_t* loop = uv_default_loop();
  std::vector<uv_timer_t> timers(plan.timers);
  for (uv_timer_t& timer : timers) uv_timer_init(loop, &timer);

  int failures = 0;
  for (const bool measured : {false, true}) {
    const std::uint64_t begin_ns = thread_cpu_ns();
    for (std::size_t i = 0; i < plan.timers; ++i) {
      failures += uv_timer_start(&timers[i], [](uv_timer_t*) {}, plan.delays_ms[i], 0);
    }
    const std::uint64_t middle_ns = thread_cpu_ns();
    for (const auto i : plan.cancel_order) failures += uv_timer_stop(&timers[i]);
    const std::uint64_t end_ns = thread_cpu_ns();
    if (measured) rota::bench::report("timer_insert", plan.timers, middle_ns - begin_ns);
    if (measured) rota::bench::report("timer_cancel", plan.timers, end_ns - middle_ns);
  }
  return failures == 0 ? 0 : 1;
}
