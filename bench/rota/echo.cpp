// Rota's echo server for the harness: prints `port N` and ends, with status 0, on SIGTERM or when
// its stdin is closed. With the per-core scheduler each worker accepts and serves its own.
//
//   rota_echo [--leases|--ahead] [--driver NAME] [--scheduler NAME] [--workers N]
//
// With --leases a connection has no buffer of its own, and is lent one for each message; with
// --ahead it is received before it is asked for.

#include "runtime_options.hpp"

#include <rota/rota.hpp>

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

namespace {

// Larger than most messages, so that a short read tells that the socket is empty.
constexpr std::size_t buffer_bytes = 16 * 1024;

rota::Task<void> echo(rota::TcpStream peer) {
  const auto no_delay = peer.set_no_delay(true);
  if (!no_delay) co_return;
  std::array<std::byte, buffer_bytes> buffer;
  for (;;) {
    auto got = co_await peer.read(buffer);
    if (!got || *got == 0) co_return;
    auto sent = co_await peer.write_all(std::span(buffer).first(*got));
    if (!sent) co_return;
  }
}

rota::Task<void> echo_leases(rota::TcpStream peer) {
  const auto no_delay = peer.set_no_delay(true);
  if (!no_delay) co_return;
  for (;;) {
    auto got = co_await peer.receive();
    if (!got || got->empty()) co_return;
    auto sent = co_await peer.write_all(got->bytes());
    if (!sent) co_return;
  }
}

rota::Task<void> echo_ahead(rota::TcpStream peer) {
  const auto no_delay = peer.set_no_delay(true);
  if (!no_delay) co_return;
  for (;;) {
    auto got = co_await peer.receive_ahead();
    if (!got || got->empty()) co_return;
    auto sent = co_await peer.write_all(got->bytes());
    if (!sent) co_return;
  }
}

using Echo = rota::Task<void> (*)(rota::TcpStream);

/// A server that sleeps in io_uring_enter under valgrind sees signals too late, so stdin is
/// watched as any other descriptor is. The signal is the process's: one of this thread alone might
/// not be seen by the worker that watches for it.
rota::Task<void> end_with_stdin() {
  auto closed = co_await rota::readable(0);
  if (closed) ::kill(::getpid(), SIGTERM);
}

void announce(const rota::Address& address) {
  std::printf("port %u\n", static_cast<unsigned>(address.port()));
  std::fflush(stdout);
  rota::spawn(end_with_stdin());
}

rota::Task<void> serve_with_all(Echo echo) {
  auto group = co_await rota::ListenerGroup::bind(rota::Address::loopback(0));
  if (!group) throw std::system_error(group.error(), "bind");
  announce(group->local_address());
  auto ended = co_await group->serve(echo);
  if (!ended) throw std::system_error(ended.error(), "accept");
}

rota::Task<void> serve_with_one(Echo echo) {
  auto listener = rota::TcpListener::bind(rota::Address::loopback(0));
  if (!listener) throw std::system_error(listener.error(), "bind");
  announce(listener->local_address().value());
  for (;;) {
    auto peer = co_await listener->accept();
    if (!peer) co_return;
    rota::spawn(echo(std::move(*peer)));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  Echo each = echo;
  if (first == "--leases") each = echo_leases;
  if (first == "--ahead") each = echo_ahead;
  const rota::Config config = rota::bench::config_of(argc, argv, each == echo ? 1 : 2);
  const bool on_each = config.scheduler.kind == rota::SchedulerKind::per_core;
  return rota::run(on_each ? serve_with_all(each) : serve_with_one(each), config);
}
