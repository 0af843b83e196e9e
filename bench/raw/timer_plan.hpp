#pragma once

// The work of the timer measurements, the same for every candidate: a million timers live at once,
// none of which fires, cancelled in an order unrelated to that of their insertion.

#include "bench/raw/measure.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace rota::bench {

struct TimerPlan {
  static constexpr std::size_t timers = 1'000'000;

  std::vector<std::uint64_t> delays_ms;       ///< Between 1,000 and 2,000 seconds.
  std::vector<std::uint32_t> cancel_order;

  static TimerPlan make() {
    constexpr unsigned seed = 20;  // Any: every candidate shall do the same work.
    std::mt19937_64 random(seed);
    TimerPlan plan;
    plan.delays_ms.resize(timers);
    for (auto& delay_ms : plan.delays_ms) delay_ms = 1'000'000 + random() % 1'000'000;
    plan.cancel_order.resize(timers);
    std::iota(plan.cancel_order.begin(), plan.cancel_order.end(), 0U);
    std::shuffle(plan.cancel_order.begin(), plan.cancel_order.end(), random);
    return plan;
  }
};

/// Inserts every timer of the plan with its due time in nanoseconds, then cancels every one: once
/// to warm up, once measured. `insert(index, due_ns)` and `cancel(index)` must be cheap to call.
template <class Insert, class Cancel>
void measure_timers(const TimerPlan& plan, Insert insert, Cancel cancel) {
  constexpr std::int64_t ns_per_ms = 1'000'000;
  for (const bool measured : {false, true}) {
    const std::uint64_t begin_ns = thread_cpu_ns();
    for (std::size_t i = 0; i < TimerPlan::timers; ++i) {
      insert(i, static_cast<std::int64_t>(plan.delays_ms[i]) * ns_per_ms);
    }
    const std::uint64_t middle_ns = thread_cpu_ns();
    for (const auto i : plan.cancel_order) cancel(i);
    const std::uint64_t end_ns = thread_cpu_ns();
    if (measured) report("timer_insert", TimerPlan::timers, middle_ns - begin_ns);
    if (measured) report("timer_cancel", TimerPlan::timers, end_ns - middle_ns);
  }
}

}  // namespace rota::bench
