#include "capability_groups.hpp"

#include "sched/wait_rule.hpp"
#include "sched/wake_cost.hpp"

#include <cstdio>

namespace rota::inline v0 {
namespace {

std::string in_us(Duration span) {
  constexpr double ns_per_us = 1000;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f µs", static_cast<double>(span.ns) / ns_per_us);
  return text;
}

}  // namespace

void probe_waiting(CapabilityList& list) {
  list.begin_group("waiting");
  const Duration wake = wake_cost();
  if (wake == Duration{}) {
    list.no("wake of a sleeping thread", "not measured: there is no second thread to be had.");
    return;
  }
  list.fact("wake of a sleeping thread",
            in_us(wake) + ", the median of " + std::to_string(wake_cost_rounds) + ".");
  list.fact("spin before a sleep",
            in_us(derived_spin(wake, 0, 1)) + " where spin_us is 0: twice a wake, and at most " +
                in_us(most_spin) +
                ". None where there are as many workers as CPUs: it would take the CPU from "
                "whoever has the work.");
}

}  // namespace rota::inline v0
