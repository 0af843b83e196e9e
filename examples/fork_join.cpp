// Parallel computation beside other tasks: numbers are summed and an array is sorted by as many
// workers as this process has CPUs, while a timer goes on ticking.

#include <rota/rota.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <span>
#include <vector>

// [fork]
rota::Fork<void> sort(std::span<int> numbers) {
  constexpr std::size_t few = 4096;
  if (numbers.size() <= few) {
    std::ranges::sort(numbers);
    co_return;
  }
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  co_await rota::fork(sort, std::span(numbers.begin(), middle));
  co_await sort(std::span(middle, numbers.end()));
  co_await rota::join();
}
// [/fork]

rota::Task<void> tick(int& ticks) {
  while (!rota::stop_requested()) {
    auto slept = co_await rota::sleep(std::chrono::milliseconds(1));
    if (slept) ticks += 1;
  }
}

rota::Task<int> compute() {
  int ticks = 0;
  auto ticker = rota::spawn(tick(ticks));

  std::vector<int> numbers(4'000'000);
  std::ranges::generate(numbers, std::minstd_rand());
  co_await sort(numbers);

  auto number = [&numbers](std::size_t i) { return long{numbers[i]}; };
  auto plus = [](long a, long b) { return a + b; };
  auto sum = co_await rota::parallel_reduce(0, numbers.size(), 0L, number, plus);

  ticker.request_stop();
  auto ended = co_await ticker.join();
  if (!sum || !ended) co_return 1;
  std::printf("sorted: %s, sum %ld, %d ticks meanwhile\n",
              std::ranges::is_sorted(numbers) ? "yes" : "no", *sum, ticks);
  co_return 0;
}

int main() {
  rota::Config config;
  config.scheduler.kind = rota::SchedulerKind::stealing;
  return rota::run(compute(), config);
}
