// The echo server in Boost.Asio with callbacks: one thread, a session object per connection.

#include <boost/asio.hpp>

#include <array>
#include <cstddef>
#include <memory>

#include "bench/raw/server_life.hpp"

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t buffer_bytes = 64U * 1024U;

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(tcp::socket socket) : socket_(std::move(socket)) {}

  void read() {
    socket_.async_read_some(
        asio::buffer(buffer_),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t got) {
          if (!error) self->write(got);
        });
  }

 private:
  void write(std::size_t bytes) {
    asio::async_write(
        socket_, asio::buffer(buffer_.data(), bytes),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
          if (!error) self->read();
        });
  }

  tcp::socket socket_;
  std::array<char, buffer_bytes> buffer_;
};

void accept_next(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](const boost::system::error_code& error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true));
      std::make_shared<Session>(std::move(socket))->read();
    }
    accept_next(acceptor);
  });
}

}  // namespace

int main() {
  asio::io_context loop(1);
  tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  rota::bench::announce_port(acceptor.local_endpoint().port());
  accept_next(acceptor);
  loop.run();
}
