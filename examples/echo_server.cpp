// A TCP echo server that lasts, on 127.0.0.1:7777 or on the address given: when descriptors run out
// it says so, serves those it has, and accepts again as soon as one is free. Try it with
// `nc 127.0.0.1 7777`. Ctrl-C stops every task: connections end where they are, sockets are closed,
// and it returns 0.

#include <rota/rota.hpp>

#include <chrono>
#include <cstdio>

using namespace std::chrono_literals;

rota::Task<void> echo(rota::TcpStream peer) {
  std::array<std::byte, 4096> buffer;
  for (;;) {
    auto got = co_await peer.read(buffer);
    if (!got || *got == 0) co_return;
    auto sent = co_await peer.write_all(std::span(buffer).first(*got));
    if (!sent) co_return;
  }
}

rota::Task<void> serve(rota::Address at) {
  auto listener = rota::TcpListener::bind(at).value();
  std::printf("listening on %s\n", listener.local_address().value().to_string().c_str());
  std::fflush(stdout);
  for (;;) {
    auto peer = co_await listener.accept();
    if (peer) {
      rota::spawn(echo(std::move(*peer)));
      continue;
    }
    if (rota::is_canceled(peer.error())) co_return;
    // Most often too many files are open. The connection waits in the backlog until some are not.
    std::fprintf(stderr, "accept: %s\n", peer.error().message().c_str());
    auto paused = co_await rota::sleep(100ms);
    if (!paused) co_return;
  }
}

int main(int count, char** words) {
  auto at = rota::Address::parse(count > 1 ? words[1] : "127.0.0.1:7777");
  if (!at) {
    std::fprintf(stderr, "usage: echo_server [ADDRESS:PORT]\n");
    return 2;
  }
  return rota::run(serve(*at));
}
