// An echo server on every core: a worker per core with a listening socket, its connections and its
// counts to itself; nothing is shared. On 127.0.0.1:7777 or on the address given. Ctrl-C stops it,
// and it says what each worker has done.

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

// [serve]
rota::Task<void> serve(rota::Address at) {
  auto served = co_await rota::Sharded<Served>::make();
  auto handler = [&](rota::TcpStream peer) { return echo(std::move(peer), served); };
  auto listening = co_await rota::ListenerGroup::bind(at);
  if (listening) {
    std::printf("listening on %s\n", listening->local_address().to_string().c_str());
    std::fflush(stdout);
    auto ended = co_await listening->serve(handler);
    if (!ended) std::fprintf(stderr, "serving ended: %s\n", ended.error().message().c_str());
  } else {
    std::fprintf(stderr, "cannot listen: %s\n", listening.error().message().c_str());
  }

  auto report = [](Served& mine) {
    std::printf("worker %zu echoed %zu bytes\n", rota::this_worker(), mine.bytes);
  };
  co_await served.invoke_on_all(report);
  co_await served.stop();
}
// [/serve]

int main(int count, char** words) {
  auto at = rota::Address::parse(count > 1 ? words[1] : "127.0.0.1:7777");
  if (!at) {
    std::fprintf(stderr, "usage: sharded_echo [ADDRESS:PORT]\n");
    return 2;
  }
  rota::Config config;
  config.scheduler.kind = rota::SchedulerKind::per_core;
  return rota::run(serve(*at), config);
}
