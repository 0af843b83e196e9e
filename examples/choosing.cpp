// The same task under a driver of one's choice.

#include <rota/rota.hpp>

#include <cstdio>

namespace {

rota::Task<void> work() { co_await rota::yield(); }

}  // namespace

int main() {
  // [choosing]
  rota::Config config;
  config.driver.kind = rota::DriverKind::epoll;  // select, poll, linux_aio, io_uring, sim, best
  config.driver.files = rota::FileEngineKind::linux_aio;  // posix_aio, blocking_pool, best
  config.driver.ring = rota::RingProfile::pinned;         // of io_uring: movable, sqpoll, best
  auto runtime = rota::Runtime::make(config);  // a Result: what was refused, and why
  // [/choosing]
  if (!runtime) {
    std::fprintf(stderr, "cannot start: %s\n", runtime.error().message().c_str());
    return 1;
  }
  runtime->block_on(work());
  std::printf("%s\n", runtime->driver_reason().c_str());
}
