// Wakes of an idle runtime from a thread outside it (bench/raw/wake_work.hpp).
//
//   rota_wakes --scheduler per-core|stealing [--workers N] [--driver NAME]

#include <rota/rota.hpp>

#include "../raw/wake_work.hpp"
#include "runtime_options.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

rota::Task<void> arrive(rota::bench::WakeProbe& probe) {
  probe.arrive();
  co_return;
}

}  // namespace

int main(int argc, char** argv) {
  const rota::Config config = rota::bench::config_of(argc, argv, 1);
  if (config.scheduler.kind == rota::SchedulerKind::single) {
    rota::bench::give_up("rota_wakes: a single worker has no thread of its own to wake");
  }
  const auto cpus = rota::bench::WakeCpus::take();
  auto runtime = rota::Runtime::make(config);
  if (!runtime) rota::bench::give_up(runtime.error().message().c_str());
  rota::bench::WakeProbe probe;
  rota::bench::measure_wakes(cpus, probe,
                             [&] { static_cast<void>(runtime->spawn(arrive(probe))); });
}
