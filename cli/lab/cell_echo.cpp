#include "cell_tasks.hpp"

#include <rota/runtime.hpp>
#include <rota/tcp.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <span>
#include <system_error>
#include <utility>

namespace rota::cli {
namespace {

/// Larger than any message, so that a short read tells that the socket is empty.
constexpr std::size_t buffer_bytes = 16 * 1024;

Task<void> echo(TcpStream peer) {
  std::array<std::byte, buffer_bytes> buffer;
  for (;;) {
    auto got = co_await peer.read(buffer);
    if (!got || *got == 0) co_return;
    auto sent = co_await peer.write_all(std::span(buffer).first(*got));
    if (!sent) co_return;
  }
}

}  // namespace

Task<void> serve_echo() {
  auto listener = TcpListener::bind(Address::loopback(0));
  if (!listener) throw std::system_error(listener.error(), "bind");
  auto address = listener->local_address();
  if (!address) throw std::system_error(address.error(), "getsockname");
  std::printf("port %u\n", static_cast<unsigned>(address->port()));
  std::fflush(stdout);
  for (;;) {
    auto peer = co_await listener->accept();
    if (!peer) throw std::system_error(peer.error(), "accept");
    const auto no_delay = peer->set_no_delay(true);
    if (!no_delay) throw std::system_error(no_delay.error(), "TCP_NODELAY");
    spawn(echo(std::move(*peer)));
  }
}

}  // namespace rota::cli
