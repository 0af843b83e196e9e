// Answers of docs/cookbook.md about whole programs and other processes.

#include <rota/rota.hpp>

#include "../expect.hpp"

#include <signal.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>

using namespace std::chrono_literals;

// [command]
rota::Task<rota::Result<rota::ExitStatus>> run_within(rota::Command command, rota::Duration limit) {
  auto child = command.spawn();
  if (!child) co_return std::unexpected(child.error());
  auto ended = co_await rota::timeout(limit, child->wait());
  if (ended) co_return ended;
  auto killed = child->kill();
  if (!killed) co_return std::unexpected(killed.error());
  auto status = co_await rota::shielded(child->wait());  // nobody is left behind
  co_return status;
}
// [/command]

rota::Task<void> serve() {
  co_await rota::yield();  // the signals are watched from here on
  ::raise(SIGTERM);        // stands for whoever ends the program
  rota::Event never;
  auto stopped = co_await never.wait();
  expect(!stopped, "a stop");
}

// [own_main]
int run_with_a_limit() {
  auto runtime = rota::Runtime::make();
  if (!runtime) return 1;
  auto signals = runtime->spawn(rota::stop_on_signal(*runtime));
  runtime->block_on(serve());
  const rota::ShutdownReport left = runtime->shutdown(5s);  // rota::run would wait for ever
  if (!left.clean()) std::fprintf(stderr, "%zu tasks did not end\n", left.tasks);
  return left.clean() ? 0 : 1;
}
// [/own_main]

// [beside_a_loop]
rota::Task<int> think() {
  auto thought = co_await rota::sleep(1ms);
  co_return thought ? 42 : 0;
}

/// A program whose main thread belongs to somebody else, a window system for example.
int beside_another_loop() {
  rota::Config config;
  config.scheduler.kind = rota::SchedulerKind::per_core;  // its workers have their own threads
  config.scheduler.workers = 1;
  auto runtime = rota::Runtime::make(config);
  if (!runtime) return 0;
  auto thinking = runtime->spawn(think());
  while (!thinking.is_done()) std::this_thread::yield();  // stands for the other loop
  return thinking.take();
}
// [/beside_a_loop]

// [spread]
rota::Task<std::size_t> worker_that_runs_it(rota::WorkerIndex wanted) {
  auto ask = [] { return rota::this_worker(); };
  auto ran_on = co_await rota::submit_to(wanted, ask);
  co_return ran_on;
}
// [/spread]

// [shared_word]
/// Stands in memory that both processes map. The other stores, and then calls futex(2) to wake.
struct Mailbox {
  std::atomic<std::uint32_t> letters = 0;
};

rota::Task<rota::Result<std::uint32_t>> next_letters(const Mailbox& mailbox, std::uint32_t seen) {
  for (;;) {
    const std::uint32_t letters = mailbox.letters.load();
    if (letters != seen) co_return letters;
    auto waited = co_await rota::futex_wait(mailbox.letters, seen);
    if (!waited) co_return std::unexpected(waited.error());
  }
}
// [/shared_word]

rota::Task<void> all() {
  auto ended = co_await run_within(rota::Command("true"), 60s);
  expect(ended && ended->success(), "a command that ends");
  auto killed = co_await run_within(rota::Command("sleep").arg("60"), 5ms);
  expect(killed && killed->signal == SIGKILL, "a command that does not");
  Mailbox mailbox;
  std::thread other([&mailbox] {
    mailbox.letters.store(3);
    rota::futex_wake(mailbox.letters);
  });
  auto letters = co_await next_letters(mailbox, 0);
  expect(letters && *letters == 3, "a word that somebody else changes");
  other.join();
}

int main() {
  expect(run_with_a_limit() == 0, "a main of one's own");
  expect(beside_another_loop() == 42, "another loop");
  rota::Config config;
  config.scheduler.kind = rota::SchedulerKind::per_core;
  config.scheduler.workers = 2;
  auto runtime = rota::Runtime::make(config).value();
  expect(runtime.block_on(worker_that_runs_it(1)) == 1, "a task where it is wanted");
  return rota::run(all());
}
