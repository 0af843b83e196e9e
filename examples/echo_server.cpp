// A TCP echo server on 127.0.0.1:7777. Try it with `nc 127.0.0.1 7777`; Ctrl-C drains and ends it.

// [echo]
#include <rota/rota.hpp>

rota::Task<void> echo(rota::TcpStream peer) {
  std::array<std::byte, 4096> buffer;
  for (;;) {
    auto got = co_await peer.read(buffer);
    if (!got || *got == 0) co_return;
    auto sent = co_await peer.write_all(std::span(buffer).first(*got));
    if (!sent) co_return;
  }
}

rota::Task<void> serve() {
  auto listener = rota::TcpListener::bind(rota::Address::loopback(7777));
  for (;;) {
    auto peer = co_await listener.value().accept();
    if (!peer) co_return;
    rota::spawn(echo(std::move(*peer)));
  }
}

int main() { return rota::run(serve()); }
// [/echo]
