// An echo server on every core: a worker per core with a listening socket, its connections and its
// counts to itself; nothing is shared. Ctrl-C stops it, and it says what each worker has done.

// [sharded_echo]
#include <rota/rota.hpp>

#include <cstdio>

/// One per worker. Only that worker's tasks touch it, so it is a plain number.
struct Served {
  std::size_t bytes = 0;
};

rota::Task<void> echo(rota::TcpStream peer, rota::Sharded<Served>& served) {
  std::array<std::byte, 4096> buffer;
  for (;;) {
    auto got = co_await peer.read(buffer);
    if (!got || *got == 0) co_return;
    auto sent = co_await peer.write_all(std::span(buffer).first(*got));
    if (!sent) co_return;
    served.local().bytes += *got;
  }
}

rota::Task<void> serve(rota::Address at) {
  auto served = co_await rota::Sharded<Served>::make();
  auto handler = [&](rota::TcpStream peer) { return echo(std::move(peer), served); };
  auto ended = co_await rota::serve_on_all(at, rota::ServeOptions(), handler);
  if (!ended) std::fprintf(stderr, "serving ended: %s\n", ended.error().message().c_str());

  auto report = [](Served& mine) {
    std::printf("worker %zu echoed %zu bytes\n", rota::this_worker(), mine.bytes);
  };
  co_await served.invoke_on_all(report);
  co_await served.stop();
}

int main() {
  rota::Config config;
  config.scheduler.kind = rota::SchedulerKind::per_core;
  return rota::run(serve(rota::Address::loopback(7777)), config);
}
// [/sharded_echo]
