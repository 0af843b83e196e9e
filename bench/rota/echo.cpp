// Rota's echo server for the harness: prints `port N` and ends, with status 0, on SIGTERM or when
// its stdin is closed.
//
//   rota_echo [--driver NAME]

#include "runtime_options.hpp"

#include <rota/rota.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <span>
#include <system_error>
#include <utility>

namespace {

// Larger than most messages, so that a short read tells that the socket is empty.
constexpr std::size_t buffer_bytes = 16 * 1024;

rota::Task<void> echo(rota::TcpStream peer) {
  std::array<std::byte, buffer_bytes> buffer;
  for (;;) {
    auto got = co_await peer.read(buffer);
    if (!got || *got == 0) co_return;
    auto sent = co_await peer.write_all(std::span(buffer).first(*got));
    if (!sent) co_return;
  }
}

/// A server that sleeps in io_uring_enter under valgrind sees signals too late, so stdin is
/// watched as any other descriptor is.
rota::Task<void> end_with_stdin() {
  auto closed = co_await rota::readable(0);
  if (closed) std::raise(SIGTERM);
}

rota::Task<void> serve() {
  auto listener = rota::TcpListener::bind(rota::Address::loopback(0));
  if (!listener) throw std::system_error(listener.error(), "bind");
  std::printf("port %u\n", static_cast<unsigned>(listener->local_address().value().port()));
  std::fflush(stdout);
  rota::spawn(end_with_stdin());
  for (;;) {
    auto peer = co_await listener->accept();
    if (!peer) co_return;
    const auto no_delay = peer->set_no_delay(true);
    if (no_delay) rota::spawn(echo(std::move(*peer)));
  }
}

}  // namespace

int main(int argc, char** argv) {
  return rota::run(serve(), rota::bench::config_of(argc, argv, 1));
}
