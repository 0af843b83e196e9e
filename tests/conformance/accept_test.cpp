// Connections that come in, one at a time and as a stream.
#include "conformance/conformance.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace rota::conformance {
namespace {

constexpr int kBacklog = 128;

TEST_P(Conformance, an_accept_takes_a_connection_that_waits) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  const Fd client = connect_to(listener.address);
  Operation& accepting = accept(listening);
  ASSERT_TRUE(finish(accepting));
  ASSERT_GE(accepting.result, 0);
  const Fd server(accepting.result);
  EXPECT_EQ(peer_port(server.number()), local_port(client.number()));
}

TEST_P(Conformance, a_parked_accept_takes_the_connection_that_comes) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  Operation& accepting = accept(listening);
  settle();
  EXPECT_FALSE(is_back(accepting));
  const Fd client = connect_to(listener.address);
  ASSERT_TRUE(finish(accepting));
  ASSERT_GE(accepting.result, 0);
  Descriptor& server = adopt(Fd(accepting.result));
  send_all(client.number(), "hello");
  EXPECT_EQ(read_all(server, 5), "hello");
}

TEST_P(Conformance, an_accepted_fd_is_private_and_blocks_as_the_driver_wants) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  const Fd client = connect_to(listener.address);
  Operation& accepting = accept(listening);
  ASSERT_TRUE(finish(accepting));
  const Fd server(accepting.result);
  EXPECT_TRUE(is_close_on_exec(server.number()));
  EXPECT_EQ(is_nonblocking(server.number()), driver().traits().nonblocking_fds);
}

TEST_P(Conformance, parked_accepts_take_connections_in_their_order) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  std::vector<const Operation*> accepting;
  for (int i = 0; i < 8; ++i) accepting.push_back(&accept(listening));
  settle();
  std::vector<Fd> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(connect_to(listener.address));
  ASSERT_TRUE(finish_all(accepting));
  for (std::size_t i = 0; i < accepting.size(); ++i) {
    const Fd server(accepting[i]->result);
    EXPECT_EQ(peer_port(server.number()), local_port(clients[i].number())) << "connection " << i;
  }
}

/// Takes what a stream has now; started again where the driver disarmed it.
void take_connections(Stream& stream, std::vector<Fd>& servers) {
  while (!stream.empty()) {
    const StreamResult taken = stream.pop();
    ASSERT_GE(taken.result, 0);
    servers.emplace_back(taken.result);
  }
}

TEST_P(Conformance, an_accept_stream_delivers_more_connections_than_its_ring_holds) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  std::vector<Fd> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(connect_to(listener.address));
  Stream& stream = accept_stream(listening, 4);
  std::vector<Fd> servers;
  ASSERT_TRUE(turn_until([&] {
    take_connections(stream, servers);
    if (servers.size() < clients.size() && is_back(stream)) restart(stream);
    return servers.size() >= clients.size();
  }));
  ASSERT_EQ(servers.size(), clients.size());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(peer_port(servers[i].number()), local_port(clients[i].number())) << "place " << i;
  }
}

TEST_P(Conformance, an_accept_stream_that_starts_again_leaves_alone_what_completes_beside_it) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  std::vector<Fd> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(connect_to(listener.address));
  FdPair pair = unix_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Stream& stream = accept_stream(listening, 4);
  std::vector<Fd> servers;
  std::vector<const Operation*> writes;
  ASSERT_TRUE(turn_until([&] {
    take_connections(stream, servers);
    if (servers.size() < clients.size() && is_back(stream)) {
      restart(stream);
      for (int i = 0; i < 3; ++i) writes.push_back(&write(near, "x"));
    }
    return servers.size() >= clients.size();
  }));
  ASSERT_TRUE(finish_all(writes));
  for (const Operation* each : writes) EXPECT_EQ(each->result, 1);
  EXPECT_EQ(servers.size(), clients.size());
}

TEST_P(Conformance, an_accept_stream_goes_on_while_it_is_drained) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  Stream& stream = accept_stream(listening, 8);
  std::vector<Fd> servers;
  for (std::size_t i = 0; i < 30; ++i) {
    const Fd client = connect_to(listener.address);
    ASSERT_TRUE(turn_until([&] {
      take_connections(stream, servers);
      if (is_back(stream)) restart(stream);
      return servers.size() > i;
    })) << "connection " << i;
    EXPECT_EQ(peer_port(servers[i].number()), local_port(client.number()));
  }
}

TEST_P(Conformance, a_full_accept_stream_leaves_the_rest_to_the_kernel) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  std::vector<Fd> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(connect_to(listener.address));
  Stream& stream = accept_stream(listening, 4);
  ASSERT_TRUE(turn_until([&] { return !stream.empty(); }));
  // Nobody takes anything, so the driver must stop by itself; how many it takes until it has
  // stopped is bounded by the ring.
  ASSERT_TRUE(turn_until_disarmed(stream));
  std::vector<Fd> servers;
  take_connections(stream, servers);
  EXPECT_LE(servers.size(), 4u);
  Operation& next = accept(listening);
  ASSERT_TRUE(finish(next));
  const Fd after(next.result);
  EXPECT_EQ(peer_port(after.number()), local_port(clients[servers.size()].number()));
}

TEST_P(Conformance, a_cancelled_accept_takes_no_connection_with_it) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  Operation& parked = accept(listening);
  settle();
  cancel(parked);
  ASSERT_TRUE(finish(parked));
  EXPECT_EQ(parked.result, -ECANCELED);
  const Fd client = connect_to(listener.address);
  Operation& next = accept(listening);
  ASSERT_TRUE(finish(next));
  const Fd server(next.result);
  EXPECT_EQ(peer_port(server.number()), local_port(client.number()));
}

TEST_P(Conformance, a_cancelled_accept_stream_ends_with_its_cancellation) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  Stream& stream = accept_stream(listening, 4);
  settle();
  ASSERT_FALSE(is_back(stream));
  cancel(stream);
  ASSERT_TRUE(finish(stream));
  ASSERT_FALSE(stream.empty());
  EXPECT_EQ(stream.pop().result, -ECANCELED);
  EXPECT_TRUE(stream.empty());
  EXPECT_FALSE(stream.armed);
}

TEST_P(Conformance, no_connection_is_lost_when_an_accept_stream_with_results_is_cancelled) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  std::vector<Fd> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(connect_to(listener.address));
  Stream& stream = accept_stream(listening, 16);
  ASSERT_TRUE(turn_until([&] { return !stream.empty(); }));
  // A driver may disarm a stream with every delivery; then there is nothing to cancel.
  const bool cancelling = !is_back(stream);
  if (cancelling) cancel(stream);
  std::vector<Fd> servers;
  std::int32_t last = 0;
  ASSERT_TRUE(turn_until([&] {
    while (!stream.empty()) {
      last = stream.pop().result;
      if (last >= 0) servers.emplace_back(last);
    }
    return is_back(stream);
  }));
  if (cancelling) {
    EXPECT_EQ(last, -ECANCELED);
  }
  while (servers.size() < clients.size()) {
    Operation& next = accept(listening);
    ASSERT_TRUE(finish(next)) << "a connection vanished";
    servers.emplace_back(next.result);
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    send_all(clients[i].number(), "x");
    EXPECT_EQ(receive(servers[i].number(), 1), "x");
  }
}

TEST_P(Conformance, an_accept_behind_an_armed_stream_takes_the_next_connection) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  Stream& stream = accept_stream(listening, 8);
  listening.ahead = &stream;
  settle();
  ASSERT_TRUE(stream.armed);
  for (int i = 0; i < 3; ++i) {
    Operation& one = accept(listening);
    Operation& other = accept(listening);
    settle();
    ASSERT_FALSE(is_back(one) || is_back(other));
    const Fd first = connect_to(listener.address);
    const Fd second = connect_to(listener.address);
    ASSERT_TRUE(finish(one, other));
    const Fd first_server(one.result);
    const Fd second_server(other.result);
    EXPECT_EQ(peer_port(first_server.number()), local_port(first.number()));
    EXPECT_EQ(peer_port(second_server.number()), local_port(second.number()));
  }
  EXPECT_TRUE(stream.empty());
}

TEST_P(Conformance, an_accept_takes_what_a_stream_holds_before_anything_newer) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  std::vector<Fd> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(connect_to(listener.address));
  // Its ring is full before all are taken, so that it is not armed any more.
  Stream& stream = accept_stream(listening, 2);
  listening.ahead = &stream;
  ASSERT_TRUE(turn_until([&] { return !stream.empty(); }));
  settle();
  for (const Fd& client : clients) {
    Operation& one = accept(listening);
    ASSERT_TRUE(finish(one));
    ASSERT_GE(one.result, 0);
    const Fd server(one.result);
    EXPECT_EQ(peer_port(server.number()), local_port(client.number()));
  }
}

TEST_P(Conformance, an_accept_behind_an_armed_stream_can_be_cancelled) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  Stream& stream = accept_stream(listening, 8);
  listening.ahead = &stream;
  settle();
  Operation& one = accept(listening);
  settle();
  cancel(one);
  ASSERT_TRUE(finish(one));
  EXPECT_EQ(one.result, -ECANCELED);
  const Fd client = connect_to(listener.address);
  ASSERT_TRUE(turn_until([&] { return !stream.empty(); }));
  const Fd server(stream.pop().result);
  EXPECT_EQ(peer_port(server.number()), local_port(client.number()));
}

TEST_P(Conformance, a_cancelled_stream_leaves_the_accept_behind_it_waiting) {
  Listener listener = tcp_listener(kBacklog);
  Descriptor& listening = adopt(std::move(listener.socket));
  Stream& stream = accept_stream(listening, 8);
  listening.ahead = &stream;
  settle();
  Operation& one = accept(listening);
  settle();
  cancel(stream);
  ASSERT_TRUE(turn_until([&] { return is_back(stream); }));
  settle();
  ASSERT_FALSE(is_back(one));
  const Fd client = connect_to(listener.address);
  ASSERT_TRUE(finish(one));
  const Fd server(one.result);
  EXPECT_EQ(peer_port(server.number()), local_port(client.number()));
}

TEST_P(Conformance, an_accept_on_a_socket_that_does_not_listen_fails) {
  Descriptor& idle = adopt(tcp_socket());
  Operation& one = accept(idle);
  ASSERT_TRUE(finish(one));
  EXPECT_EQ(one.result, -EINVAL);
  Stream& stream = accept_stream(idle, 4);
  ASSERT_TRUE(finish(stream));
  ASSERT_FALSE(stream.empty());
  EXPECT_EQ(stream.pop().result, -EINVAL);
}

}  // namespace
}  // namespace rota::conformance
