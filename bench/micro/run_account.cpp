// What does it cost to account each run of a task, and each wake, always?
//
// A worker's loop without a worker: a thousand runnables of one kind, or of eight in turn, are made
// ready and run; a run is a call through a pointer. Alone, with the account, and with the clock
// read once per run instead, which is what the account's groups save. Rounds are short and
// alternate; the quartiles of the differences within a round are printed.
#include <rota/core/task_header.hpp>

#include "base/clock.hpp"
#include "observe/run_account.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <source_location>
#include <utility>
#include <vector>

namespace {

using rota::Instant;
using rota::RunAccount;
using rota::Runnable;

constexpr int rounds = 301;
constexpr std::uint64_t runs = 20'000;
constexpr std::size_t tasks = 1000;
constexpr std::size_t most_kinds = 8;

template <std::size_t number>
std::source_location site() {
  return std::source_location::current();
}

struct SystemClock {
  [[gnu::noinline]] Instant now() const noexcept { return Instant{rota::monotonic_ns()}; }
};

struct Task : Runnable {
  rota::TaskHeader header;
};

std::vector<std::unique_ptr<Task>> make_tasks(std::size_t kinds) {
  constexpr auto sites = []<std::size_t... numbers>(std::index_sequence<numbers...>) {
    return std::array{&site<numbers>...};
  }(std::make_index_sequence<most_kinds>());
  std::vector<std::unique_ptr<Task>> made;
  for (std::size_t i = 0; i < tasks; ++i) {
    made.push_back(std::make_unique<Task>());
    Task& task = *made.back();
    task.header.label = rota::SpawnLabel(sites[i % kinds]());
    task.task = &task.header;
    task.resume = [](Runnable& self) noexcept { self.task->runs = self.task->runs + 1U; };
  }
  return made;
}

template <class Run>
double ns_each(const std::vector<std::unique_ptr<Task>>& made, Run run) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < runs; ++i) run(*made[i % tasks]);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / static_cast<double>(runs);
}

void print(const char* what, std::vector<double> ns) {
  std::ranges::sort(ns);
  std::printf("  %-28s %6.2f (%.2f-%.2f)\n", what, ns[ns.size() / 2], ns[ns.size() / 4],
              ns[ns.size() * 3 / 4]);
}

void measure(std::size_t kinds) {
  const auto made = make_tasks(kinds);
  const SystemClock clock;
  auto account = std::make_unique<RunAccount>();
  account->begin_batch(clock);
  std::vector<double> alone;
  std::vector<double> accounted;
  std::vector<double> stamped;
  for (int round = 0; round < rounds; ++round) {
    const double bare = ns_each(made, [](Task& task) { task.resume(task); });
    account->pause(clock);
    account->begin_batch(clock);
    const double with_account = ns_each(made, [&](Task& task) {
      account->note_ready(task, clock);
      account->begin_run(task, clock);
      task.resume(task);
      if (account->end_run(clock)) account->begin_batch(clock);
    });
    const double with_clock = ns_each(made, [&](Task& task) {
      task.resume(task);
      static_cast<void>(clock.now());
    });
    alone.push_back(bare);
    accounted.push_back(with_account - bare);
    stamped.push_back(with_clock - bare);
  }
  std::printf("%zu kind%s\n", kinds, kinds == 1 ? "" : "s");
  print("a run alone", alone);
  print("its account", accounted);
  print("a clock read", stamped);
}

}  // namespace

int main() {
  std::printf("ns each, median (quartiles) of %d rounds\n", rounds);
  measure(1);
  measure(most_kinds);
}
