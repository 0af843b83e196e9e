#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace rota::testing_tasks {
namespace {

/// What the kernel says of a socket's option.
int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  EXPECT_EQ(getsockopt(fd, level, name, &value, &length), 0);
  return value;
}

/// The two ends of a connection over `at`, or what the machine said against it.
struct Connected {
  std::optional<TcpListener> listener;
  std::optional<TcpStream> client;
  std::optional<TcpStream> server;
  std::error_code refused;
};

template <template <class> class Routine>
Routine<Connected> connect_over(Address at) {
  Connected ends;
  Result<TcpListener> listener = TcpListener::bind(at);
  if (!listener) {
    ends.refused = listener.error();
    co_return ends;
  }
  ends.listener = std::move(*listener);
  const Address address = ends.listener->local_address().value();
  Result<TcpStream> client = co_await TcpStream::connect(address);
  Result<TcpStream> server = co_await ends.listener->accept();
  ends.client = std::move(client.value());
  ends.server = std::move(server.value());
  co_return ends;
}

template <template <class> class Routine>
Routine<void> options_of_a_stream_reach_the_kernel(World) {
  Connected ends = co_await as_task(connect_over<Routine>(Address::loopback(0)));
  TcpStream& stream = *ends.client;
  for (const bool on : {true, false}) {
    EXPECT_TRUE(stream.set_no_delay(on).has_value());
    EXPECT_EQ(option_of(stream.fd(), IPPROTO_TCP, TCP_NODELAY) != 0, on);
    EXPECT_TRUE(stream.set_keep_alive(on).has_value());
    EXPECT_EQ(option_of(stream.fd(), SOL_SOCKET, SO_KEEPALIVE) != 0, on);
  }
  // The kernel books twice what it is asked for.
  constexpr int kBytes = 16 * 1024;
  EXPECT_TRUE(stream.set_send_buffer_bytes(kBytes).has_value());
  EXPECT_EQ(option_of(stream.fd(), SOL_SOCKET, SO_SNDBUF), 2 * kBytes);
  EXPECT_TRUE(stream.set_receive_buffer_bytes(kBytes).has_value());
  EXPECT_EQ(option_of(stream.fd(), SOL_SOCKET, SO_RCVBUF), 2 * kBytes);
}

template <template <class> class Routine>
Routine<void> a_close_without_linger_resets_the_connection(World) {
  Connected ends = co_await as_task(connect_over<Routine>(Address::loopback(0)));
  EXPECT_TRUE(ends.client->set_linger(0).has_value());
  Result<void> closed = co_await ends.client->close();
  EXPECT_TRUE(closed.has_value());
  std::array<std::byte, 16> buffer;
  Result<std::size_t> read = co_await ends.server->read(buffer);
  EXPECT_EQ(read.error(), std::errc::connection_reset);
}

template <template <class> class Routine>
Routine<void> each_end_names_the_other_one(World) {
  Connected ends = co_await as_task(connect_over<Routine>(Address::loopback(0)));
  EXPECT_EQ(ends.client->peer_address().value(), ends.server->local_address().value());
  EXPECT_EQ(ends.server->peer_address().value(), ends.client->local_address().value());
  EXPECT_EQ(ends.client->peer_address().value(), ends.listener->local_address().value());
}

template <template <class> class Routine>
Routine<void> bytes_are_gathered_from_buffers_and_scattered_over_them(World) {
  Connected ends = co_await as_task(connect_over<Routine>(Address::loopback(0)));
  std::string first = "gathered ";
  std::string second = "from ";
  std::string third = "three";
  const std::string whole = first + second + third;
  std::array<iovec, 3> from{iovec{first.data(), first.size()}, iovec{second.data(), second.size()},
                            iovec{third.data(), third.size()}};
  Result<std::size_t> written = co_await ends.client->write_vector(from);
  const std::size_t sent = written.value();
  EXPECT_GE(sent, 1u);
  EXPECT_LE(sent, whole.size());

  std::string got;
  while (got.size() < sent) {
    std::array<char, 4> head{};
    std::array<char, 64> tail{};
    std::array<iovec, 2> into{iovec{head.data(), head.size()}, iovec{tail.data(), tail.size()}};
    Result<std::size_t> read = co_await ends.server->read_vector(into);
    const std::size_t bytes = read.value_or(0);
    EXPECT_GE(bytes, 1u);
    if (bytes == 0) break;
    const std::size_t in_head = std::min(bytes, head.size());
    got.append(head.data(), in_head);
    got.append(tail.data(), bytes - in_head);
  }
  EXPECT_EQ(got, whole.substr(0, sent));
}

template <template <class> class Routine>
Routine<int> accept_and_count(TcpListener& listener, int& accepted) {
  Result<TcpStream> peer = co_await listener.accept();
  if (!peer) co_return peer.error().value();
  accepted += 1;
  co_return 0;
}

template <template <class> class Routine>
Routine<void> listeners_that_agree_share_a_port(World) {
  ListenOptions shared;
  shared.reuse_port = true;
  Result<TcpListener> first = TcpListener::bind(Address::loopback(0), shared);
  const Address address = first->local_address().value();
  Result<TcpListener> second = TcpListener::bind(address, shared);
  EXPECT_TRUE(second.has_value());
  EXPECT_EQ(second->local_address().value(), address);
  EXPECT_EQ(TcpListener::bind(address).error(), std::errc::address_in_use);

  // A connection comes to one of them, which the kernel picks.
  int accepted = 0;
  JoinHandle<int> one = spawn_routine(accept_and_count<Routine>(*first, accepted));
  JoinHandle<int> other = spawn_routine(accept_and_count<Routine>(*second, accepted));
  Result<TcpStream> client = co_await TcpStream::connect(address);
  EXPECT_TRUE(client.has_value());
  while (!one.is_done() && !other.is_done()) co_await yield();
  one.request_stop();
  other.request_stop();
  Joined<int> by_one = co_await one.join();
  Joined<int> by_other = co_await other.join();
  EXPECT_EQ(std::move(by_one).value() + std::move(by_other).value(), ECANCELED);
  EXPECT_EQ(accepted, 1);
}

template <template <class> class Routine>
Routine<void> streams_speak_over_ipv6(World) {
  Connected ends = co_await as_task(connect_over<Routine>(Address::parse("[::1]:0").value()));
  if (ends.refused) {
    skip_here("no IPv6 here: " + ends.refused.message());
    co_return;
  }
  EXPECT_TRUE(ends.server->peer_address()->is_ipv6());
  EXPECT_EQ(ends.client->peer_address().value(), ends.listener->local_address().value());
  const std::array<std::byte, 3> three{std::byte{1}, std::byte{2}, std::byte{3}};
  Result<void> written = co_await ends.client->write_all(three);
  EXPECT_TRUE(written.has_value());
  EXPECT_TRUE(ends.client->shutdown(ShutdownHalf::write).has_value());
  std::size_t bytes = 0;
  for (;;) {
    std::array<std::byte, 16> buffer;
    Result<std::size_t> read = co_await ends.server->read(buffer);
    EXPECT_TRUE(read.has_value());
    if (!read || *read == 0) break;
    bytes += *read;
  }
  EXPECT_EQ(bytes, three.size());
}

template <template <class> class Routine>
Routine<void> a_listener_takes_ipv6_only_when_it_is_told_to(World) {
  // The IPv4 loopback address, written as an IPv6 one.
  const Address mapped = Address::parse("[::ffff:127.0.0.1]:0").value();
  ListenOptions both;
  Result<TcpListener> listener = TcpListener::bind(mapped, both);
  if (!listener) {
    skip_here("no IPv6 here: " + listener.error().message());
    co_return;
  }
  const Address plain = Address::loopback(listener->local_address()->port());
  Result<TcpStream> client = co_await TcpStream::connect(plain);
  EXPECT_TRUE(client.has_value());
  Result<TcpStream> server = co_await listener->accept();
  EXPECT_TRUE(server->peer_address()->is_ipv6());

  ListenOptions only;
  only.ipv6_only = true;
  EXPECT_EQ(TcpListener::bind(mapped, only).error(), std::errc::invalid_argument);
}

}  // namespace

void add_tcp_option_scenarios(Suite& suite) {
  suite.add("options_of_a_stream_reach_the_kernel", options_of_a_stream_reach_the_kernel<Task>,
            options_of_a_stream_reach_the_kernel<Script>);
  suite.add("a_close_without_linger_resets_the_connection",
            a_close_without_linger_resets_the_connection<Task>,
            a_close_without_linger_resets_the_connection<Script>);
  suite.add("each_end_names_the_other_one", each_end_names_the_other_one<Task>,
            each_end_names_the_other_one<Script>);
  suite.add("bytes_are_gathered_from_buffers_and_scattered_over_them",
            bytes_are_gathered_from_buffers_and_scattered_over_them<Task>,
            bytes_are_gathered_from_buffers_and_scattered_over_them<Script>);
  suite.add("listeners_that_agree_share_a_port", listeners_that_agree_share_a_port<Task>,
            listeners_that_agree_share_a_port<Script>);
  suite.add("streams_speak_over_ipv6", streams_speak_over_ipv6<Task>,
            streams_speak_over_ipv6<Script>);
  suite.add("a_listener_takes_ipv6_only_when_it_is_told_to",
            a_listener_takes_ipv6_only_when_it_is_told_to<Task>,
            a_listener_takes_ipv6_only_when_it_is_told_to<Script>);
}

}  // namespace rota::testing_tasks
