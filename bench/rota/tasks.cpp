// What Rota's tasks cost. Each figure is one line of JSON (bench/raw/measure.hpp): CPU time where
// one thread does all, the time that passes where several do. The limits beside it are in
// bench/raw/coroutine.cpp.
//
//   rota_tasks [--scheduler NAME] [--workers N]

#include <rota/rota.hpp>

#include "../raw/measure.hpp"
#include "runtime_options.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

using rota::Task;
using rota::bench::clock_ns;
using rota::bench::report;

constexpr std::uint64_t kSpawns = 1'000'000;
constexpr std::uint64_t kYielders = 1000;
constexpr std::uint64_t kYields = 1000;
constexpr std::uint64_t kRoundTrips = 1'000'000;
constexpr std::size_t kParked = 100'000;

Task<void> nothing() { co_return; }

Task<void> spawn_and_join(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    auto child = rota::spawn(nothing());
    auto joined = co_await child.join();
    if (!joined) std::abort();
  }
}

Task<void> yield_often() {
  for (std::uint64_t i = 0; i < kYields; ++i) co_await rota::yield();
}

Task<void> yield_in_turn() {
  auto body = [](rota::Scope& scope) -> Task<void> {
    for (std::uint64_t i = 0; i < kYielders; ++i) scope.spawn(yield_often());
    co_return;
  };
  co_await rota::with_scope(body);
}

Task<void> echo(rota::Channel<std::uint64_t>& in, rota::Channel<std::uint64_t>& out) {
  for (;;) {
    auto value = co_await in.receive();
    if (!value) co_return;
    auto sent = co_await out.send(*value);
    if (!sent) co_return;
  }
}

Task<void> ping_pong(std::uint64_t count) {
  rota::Channel<std::uint64_t> ping(1);
  rota::Channel<std::uint64_t> pong(1);
  auto peer = rota::spawn(echo(ping, pong));
  for (std::uint64_t i = 0; i < count; ++i) {
    auto sent = co_await ping.send(i);
    auto back = co_await pong.receive();
    if (!sent || !back || *back != i) std::abort();
  }
  ping.close();
  auto joined = co_await peer.join();
  if (!joined) std::abort();
}

Task<void> wait_for(rota::Event& event) {
  auto set = co_await event.wait();
  if (!set) std::abort();
}

/// Bytes of one task that is parked on an Event: its header, its frame, everything.
Task<void> parked_bytes() {
  const std::size_t before = rota::frame_bytes_in_use();
  rota::Event event;
  auto body = [&event, before](rota::Scope& scope) -> Task<void> {
    for (std::size_t i = 0; i < kParked; ++i) scope.spawn(wait_for(event));
    co_await rota::yield();
    const std::size_t grown = rota::frame_bytes_in_use() - before;
    std::printf("{\"name\":\"event_task_bytes\",\"operations\":%zu,\"bytes_per_op\":%.1f}\n",
                kParked, static_cast<double>(grown) / static_cast<double>(kParked));
    event.set();
  };
  co_await rota::with_scope(body);
}

template <class Body>
Task<void> measured(clockid_t clock, const char* name, std::uint64_t operations, Body body) {
  co_await body();
  const std::uint64_t begin_ns = clock_ns(clock);
  co_await body();
  report(name, operations, clock_ns(clock) - begin_ns);
}

Task<void> all(clockid_t clock) {
  co_await measured(clock, "spawn_join", kSpawns, [] { return spawn_and_join(kSpawns); });
  co_await measured(clock, "yield_1000", kYielders * kYields, [] { return yield_in_turn(); });
  co_await measured(clock, "channel_ping_pong", 2 * kRoundTrips,
                    [] { return ping_pong(kRoundTrips); });
  co_await parked_bytes();
}

}  // namespace

int main(int argc, char** argv) {
  const rota::Config config = rota::bench::config_of(argc, argv, 1);
  const bool alone = config.scheduler.kind == rota::SchedulerKind::single;
  auto runtime = rota::Runtime::make(config);
  if (!runtime) {
    std::fprintf(stderr, "rota_tasks: %s\n", runtime.error().message().c_str());
    return EXIT_FAILURE;
  }
  runtime->block_on(all(alone ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC));
}
