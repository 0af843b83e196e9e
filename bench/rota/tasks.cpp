// What Rota's tasks cost on one thread. Each figure is one line of JSON (bench/raw/measure.hpp);
// the limits beside it are in bench/raw/coroutine.cpp.

#include <rota/rota.hpp>

#include "../raw/measure.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

using rota::Task;
using rota::bench::report;
using rota::bench::thread_cpu_ns;

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
Task<void> measured(const char* name, std::uint64_t operations, Body body) {
  co_await body();
  const std::uint64_t begin_ns = thread_cpu_ns();
  co_await body();
  report(name, operations, thread_cpu_ns() - begin_ns);
}

Task<void> all() {
  co_await measured("spawn_join", kSpawns, [] { return spawn_and_join(kSpawns); });
  co_await measured("yield_1000", kYielders * kYields, [] { return yield_in_turn(); });
  co_await measured("channel_ping_pong", 2 * kRoundTrips, [] { return ping_pong(kRoundTrips); });
  co_await parked_bytes();
}

}  // namespace

int main() {
  auto runtime = rota::Runtime::make();
  if (!runtime) {
    std::fprintf(stderr, "rota_tasks: %s\n", runtime.error().message().c_str());
    return EXIT_FAILURE;
  }
  runtime->block_on(all());
}
