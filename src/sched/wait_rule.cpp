#include "sched/wait_rule.hpp"

#include "base/cpu_affinity.hpp"
#include "base/cpu_topology.hpp"
#include "sched/placement.hpp"
#include "sched/wake_cost.hpp"

#include <algorithm>
#include <chrono>

namespace rota::inline v0 {

Duration derived_spin(Duration wake, std::size_t workers, std::size_t cpus) noexcept {
  return workers < cpus ? std::min(2 * wake, most_spin) : Duration{};
}

WaitRule choose_wait(const SchedulerConfig& config, std::size_t workers, Duration known_wake) {
  WaitRule rule{config.waiting, {}, false};
  if (rule.waiting == Waiting::busy_poll) rule.gives_way = workers >= allowed_cpus().size();
  if (rule.waiting != Waiting::spin_then_block) return rule;
  rule.spin = std::chrono::microseconds(config.spin_us);
  if (config.spin_us != 0) return rule;
  const std::size_t cpus = cpus_kept_busy(read_machine());
  if (workers >= cpus) return rule;
  const Duration wake = known_wake == Duration{} ? wake_cost().wake : known_wake;
  rule.spin = derived_spin(wake, workers, cpus);
  return rule;
}

}  // namespace rota::inline v0
