#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<std::size_t> echo_until_the_end(TcpStream stream) {
  std::array<std::byte, 4096> buffer;
  std::size_t echoed = 0;
  for (;;) {
    Result<std::size_t> read = co_await stream.read(buffer);
    EXPECT_TRUE(read.has_value());
    if (!read || *read == 0) break;
    Result<void> written = co_await stream.write_all(std::span(buffer).first(*read));
    EXPECT_TRUE(written.has_value());
    echoed += *read;
  }
  Result<void> closed = co_await stream.close();
  EXPECT_TRUE(closed.has_value());
  co_return echoed;
}

template <template <class> class Routine>
Routine<std::size_t> serve_one(TcpListener& listener) {
  Result<TcpStream> accepted = co_await listener.accept();
  EXPECT_TRUE(accepted.has_value());
  std::size_t echoed =
      co_await as_task(echo_until_the_end<Routine>(TcpStream(std::move(*accepted))));
  co_return echoed;
}

template <template <class> class Routine>
Routine<void> write_pattern(TcpStream& stream, std::size_t bytes) {
  std::vector<std::byte> pattern(bytes);
  for (std::size_t i = 0; i < bytes; ++i) pattern[i] = static_cast<std::byte>(i * 7 + i / 256);
  Result<void> written = co_await stream.write_all(pattern);
  EXPECT_TRUE(written.has_value());
  EXPECT_TRUE(stream.shutdown(ShutdownHalf::write).has_value());
}

template <template <class> class Routine>
Routine<void> bytes_come_back_from_an_echo(World) {
  constexpr std::size_t kBytes = 300'000;
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  JoinHandle<std::size_t> server = spawn_routine(serve_one<Routine>(*listener));
  const Address address = listener->local_address().value();
  Result<TcpStream> client = co_await TcpStream::connect(address);
  JoinHandle<void> writer = spawn_routine(write_pattern<Routine>(*client, kBytes));
  std::vector<std::byte> received;
  std::array<std::byte, 8192> buffer;
  for (;;) {
    Result<std::size_t> read = co_await client->read(buffer);
    EXPECT_TRUE(read.has_value());
    if (!read || *read == 0) break;
    received.insert(received.end(), buffer.begin(), buffer.begin() + *read);
  }
  EXPECT_EQ(received.size(), kBytes);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < received.size(); ++i) {
    if (received[i] != static_cast<std::byte>(i * 7 + i / 256)) wrong += 1;
  }
  EXPECT_EQ(wrong, 0u);
  Joined<void> written = co_await writer.join();
  EXPECT_TRUE(written.has_value());
  Joined<std::size_t> served = co_await server.join();
  EXPECT_EQ(std::move(served).value(), kBytes);
}

template <template <class> class Routine>
Routine<void> a_connect_to_nobody_is_refused(World) {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  Result<void> closed = co_await listener->close();
  EXPECT_TRUE(closed.has_value());
  Result<TcpStream> connected = co_await TcpStream::connect(address);
  EXPECT_EQ(connected.error(), std::errc::connection_refused);
}

template <template <class> class Routine>
Routine<void> streams_that_are_dropped_are_closed(World) {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  Result<TcpStream> client = co_await TcpStream::connect(address);
  {
    Result<TcpStream> server = co_await listener->accept();
    EXPECT_TRUE(server.has_value());
  }
  std::array<std::byte, 16> buffer;
  Result<std::size_t> read = co_await client->read(buffer);
  EXPECT_EQ(read.value(), 0u);
  // Connections that nobody takes are closed with the listener: the ledger tells.
  Result<TcpStream> never_taken = co_await TcpStream::connect(address);
  EXPECT_TRUE(never_taken.has_value());
}

}  // namespace

void add_tcp_scenarios(Suite& suite) {
  suite.add("bytes_come_back_from_an_echo", bytes_come_back_from_an_echo<Task>,
            bytes_come_back_from_an_echo<Script>);
  suite.add("a_connect_to_nobody_is_refused", a_connect_to_nobody_is_refused<Task>,
            a_connect_to_nobody_is_refused<Script>);
  suite.add("streams_that_are_dropped_are_closed", streams_that_are_dropped_are_closed<Task>,
            streams_that_are_dropped_are_closed<Script>);
}

}  // namespace rota::testing_tasks
