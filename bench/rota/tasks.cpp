// What Rota's tasks cost (bench/raw/task_work.hpp), and how many bytes one takes that waits. The
// limits are in bench/raw/coroutine.cpp.
//
//   rota_tasks [--scheduler NAME] [--workers N]

#include <rota/rota.hpp>

#include "../raw/task_work.hpp"
#include "runtime_options.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

using namespace rota::bench;
using rota::Task;

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

Task<void> lock_often(rota::Mutex& mutex, std::uint64_t& count) {
  for (std::uint64_t i = 0; i < kLocks; ++i) {
    auto guard = co_await mutex.lock();
    if (!guard) std::abort();
    count += 1;
  }
}

Task<void> lock_among(int tasks) {
  rota::Mutex mutex;
  std::uint64_t count = 0;
  auto body = [&](rota::Scope& scope) -> Task<void> {
    for (int i = 0; i < tasks; ++i) scope.spawn(lock_often(mutex, count));
    co_return;
  };
  co_await rota::with_scope(body);
  if (count != static_cast<std::uint64_t>(tasks) * kLocks) std::abort();
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
Task<void> measured(int threads, const char* name, std::uint64_t operations, Body body) {
  Passes passes;
  while (passes.more()) co_await body();
  passes.report(name, threads, operations);
}

Task<void> all(int threads) {
  co_await measured(threads, "spawn_join", kSpawns, [] { return spawn_and_join(kSpawns); });
  co_await measured(threads, "yield_1000", kYielders * kYields, [] { return yield_in_turn(); });
  co_await measured(threads, "channel_ping_pong", 2 * kRoundTrips,
                    [] { return ping_pong(kRoundTrips); });
  co_await measured(threads, "mutex", static_cast<std::uint64_t>(threads) * kLocks,
                    [threads] { return lock_among(threads); });
  co_await parked_bytes();
}

}  // namespace

int main(int argc, char** argv) {
  auto runtime = rota::Runtime::make(config_of(argc, argv, 1));
  if (!runtime) {
    std::fprintf(stderr, "rota_tasks: %s\n", runtime.error().message().c_str());
    return EXIT_FAILURE;
  }
  runtime->block_on(all(static_cast<int>(runtime->worker_count())));
}
