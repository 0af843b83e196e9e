// The echo server in Boost.Asio with C++20 coroutines: one thread, a coroutine per connection.

#include <boost/asio.hpp>

#include <array>
#include <cstddef>

#include "bench/raw/server_life.hpp"

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t buffer_bytes = 64U * 1024U;
constexpr auto use_awaitable = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void> echo(tcp::socket socket) {
  std::array<char, buffer_bytes> buffer;
  for (;;) {
    auto [read_error, got] = co_await socket.async_read_some(asio::buffer(buffer), use_awaitable);
    if (read_error) co_return;
    auto [write_error, put] =
        co_await asio::async_write(socket, asio::buffer(buffer.data(), got), use_awaitable);
    if (write_error) co_return;
  }
}

asio::awaitable<void> accept_all(tcp::acceptor& acceptor) {
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(use_awaitable);
    if (error) continue;
    socket.set_option(tcp::no_delay(true));
    asio::co_spawn(acceptor.get_executor(), echo(std::move(socket)), asio::detached);
  }
}

}  // namespace

int main() {
  asio::io_context loop(1);
  tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  rota::bench::announce_port(acceptor.local_endpoint().port());
  asio::co_spawn(loop, accept_all(acceptor), asio::detached);
  loop.run();
}
