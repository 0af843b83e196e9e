// What docs/concepts says of runtimes, drivers, waiting, simulation and observing.

#include <rota/rota.hpp>

#include "../expect.hpp"

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

// [runtime]
rota::Task<int> answer() { co_return 42; }

int run_by_hand() {
  auto runtime = rota::Runtime::make();
  if (!runtime) {
    std::fprintf(stderr, "cannot start: %s\n", runtime.error().message().c_str());
    return 1;
  }
  const int found = runtime->block_on(answer());
  const rota::ShutdownReport left = runtime->shutdown(1s);
  return found == 42 && left.clean() ? 0 : 1;
}
// [/runtime]

// [refused]
void say_why(const rota::Runtime& runtime) {
  std::printf("%s\n", runtime.driver_reason().c_str());
  for (const rota::RefusedDriver& refused : runtime.refused()) {
    std::printf("not %s: %s\n", refused.mechanism.c_str(), refused.reason.c_str());
  }
}
// [/refused]

// [no_driver]
rota::Result<rota::Runtime> make_or_say_why(const rota::Config& config) {
  std::vector<rota::RefusedDriver> refused;
  auto runtime = rota::Runtime::make(config, refused);
  for (const rota::RefusedDriver& each : refused) {
    std::fprintf(stderr, "not %s: %s\n", each.mechanism.c_str(), each.reason.c_str());
  }
  return runtime;
}
// [/no_driver]

rota::Config patient() {
  // [waiting]
  rota::Config config;
  config.scheduler.waiting = rota::Waiting::spin_then_block;  // block, spin_then_block, busy_poll
  config.scheduler.spin_us = 20;  // 0: twice what a wake costs here, which is measured once
  // [/waiting]
  return config;
}

// [simulate]
rota::Task<void> write_down(rota::Channel<char>& order, char name) {
  auto slept = co_await rota::sleep(1h);
  if (!slept) co_return;
  auto sent = co_await order.send(name);
  static_cast<void>(sent);
}

rota::Task<std::string> who_comes_first() {
  rota::Channel<char> order(8);
  auto body = [&](rota::Scope& scope) -> rota::Task<void> {
    for (char name = 'a'; name <= 'h'; ++name) scope.spawn(write_down(order, name));
    co_return;
  };
  co_await rota::with_scope(body);
  std::string names;
  while (auto name = order.try_receive()) names += *name;
  co_return names;
}

std::string simulate(std::uint64_t seed) {
  rota::Config config;
  config.driver.kind = rota::DriverKind::sim;
  config.driver.seed = seed;
  config.scheduler.kind = rota::SchedulerKind::stealing;
  config.scheduler.workers = 3;  // on this one thread; the seed decides who goes on
  auto runtime = rota::Runtime::make(config).value();
  return runtime.block_on(who_comes_first());  // an hour of its time, a millisecond of ours
}
// [/simulate]

// [lengths]
void say_lengths(const rota::Runtime& runtime) {
  const rota::TaskLengths lengths = runtime.task_lengths();
  for (const rota::KindLengths& kind : lengths.kinds) {
    std::printf("%s:%u: %llu runs, the longest %lld ns\n", kind.site.file_name(), kind.site.line(),
                static_cast<unsigned long long>(kind.runs),
                static_cast<long long>(kind.run.max.ns));
  }
  const rota::RuntimeCounters counters = runtime.counters();
  std::printf("%llu runs, %llu turns of drivers\n",
              static_cast<unsigned long long>(counters.tasks_run),
              static_cast<unsigned long long>(counters.driver_turns));
}
// [/lengths]

int main() {
  expect(run_by_hand() == 0, "a runtime by hand");

  auto runtime = make_or_say_why(patient()).value();
  expect(runtime.block_on(answer()) == 42, "a runtime that spins");
  say_why(runtime);
  say_lengths(runtime);

  const std::string order = simulate(7);
  expect(order.size() == 8, "all came");
  expect(simulate(7) == order, "the same seed, the same order");
  std::printf("seed 7: %s, seed 8: %s\n", order.c_str(), simulate(8).c_str());
  return 0;
}
