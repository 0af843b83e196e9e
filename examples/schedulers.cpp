// The same tasks on one thread, on a worker per core, or on workers that steal.

#include <rota/rota.hpp>

#include <cstdio>
#include <utility>
#include <vector>

namespace {

rota::Task<int> count(int from) {
  int steps = 0;
  for (; from != 1; ++steps) from = from % 2 == 0 ? from / 2 : 3 * from + 1;
  co_return steps;
}

rota::Task<void> count_all() {
  std::vector<rota::JoinHandle<int>> counts;
  for (int from = 1; from <= 1000; ++from) counts.push_back(rota::spawn(count(from)));
  int longest = 0;
  for (auto& handle : counts) {
    auto joined = co_await handle.join();
    const int steps = std::move(joined).value();
    if (steps > longest) longest = steps;
  }
  std::printf("%d steps at most\n", longest);
}

}  // namespace

int main() {
  // [schedulers]
  rota::Config config;
  config.scheduler.kind = rota::SchedulerKind::stealing;  // single, per_core, stealing
  config.scheduler.workers = 4;  // 0: one for each CPU that this process may use
  return rota::run(count_all(), config);
  // [/schedulers]
}
