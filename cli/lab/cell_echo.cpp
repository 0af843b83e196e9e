#include "cell_tasks.hpp"

#include <rota/runtime.hpp>
#include <rota/tcp.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <span>
#include <system_error>
#include <utility>

namespace rota::cli {
namespace {

constexpr std::size_t short_message_bytes = 64;

/// One message, and that is all.
Task<void> answer_once(TcpStream peer, std::size_t message_bytes) {
  std::array<std::byte, short_message_bytes> buffer;
  while (message_bytes > 0) {
    auto got = co_await peer.read(buffer);
    if (!got || *got == 0) co_return;
    auto sent = co_await peer.write_all(std::span(buffer).first(*got));
    if (!sent) co_return;
    message_bytes -= std::min(message_bytes, *got);
  }
}

/// To the lab, which sees the connection closed.
void complain(const std::error_code& error) {
  std::printf("error %s\n", error.message().c_str());
  std::fflush(stdout);
}

/// What comes is lent: a connection that is idle has no buffer.
Task<void> echo(TcpStream peer) {
  for (;;) {
    auto got = co_await peer.receive();
    if (!got && got.error() != std::errc::connection_reset) complain(got.error());
    if (!got || got->empty()) co_return;
    auto sent = co_await peer.write_all(got->bytes());
    if (!sent) co_return;
  }
}

Task<void> serve_one(const Workload& workload, TcpStream peer) {
  const std::size_t message_bytes = workload.operation_bytes;
  if (workload.kind == WorkloadKind::connect) return answer_once(std::move(peer), message_bytes);
  return echo(std::move(peer));
}

}  // namespace

Task<void> serve(const CellOptions& options) {
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
    spawn(serve_one(*options.workload, std::move(*peer)));
  }
}

}  // namespace rota::cli
