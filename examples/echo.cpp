// An echo server in twenty lines. Ctrl-C asks every task to stop: waits end with
// `operation_canceled`, the sockets are closed, the program returns 0.

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

rota::Task<void> serve(rota::Address at) {
  auto listener = rota::TcpListener::bind(at).value();
  for (;;) {
    auto peer = co_await listener.accept();
    rota::spawn(echo(std::move(peer.value())));
  }
}

int main() { return rota::run(serve(rota::Address::loopback(7777))); }
// [/echo]
