// Connections that go out.
#include "conformance/conformance.hpp"

#include <cerrno>

namespace rota::conformance {
namespace {

TEST_P(Conformance, a_connect_reaches_the_listener) {
  const Listener listener = tcp_listener(4);
  Descriptor& client = adopt(tcp_socket());
  Connect& connecting = connect(client, listener.address);
  ASSERT_TRUE(finish(connecting));
  ASSERT_EQ(connecting.result, 0);
  const Fd server(::accept(listener.socket.number(), nullptr, nullptr));
  send_all(server.number(), "welcome");
  EXPECT_EQ(read_all(client, 7), "welcome");
}

TEST_P(Conformance, a_write_behind_a_connect_waits_for_it) {
  const Listener listener = tcp_listener(4);
  Descriptor& client = adopt(tcp_socket());
  Connect& connecting = connect(client, listener.address);
  Transfer& writing = write(client, "first words", op_whole);
  ASSERT_TRUE(finish(connecting, writing));
  EXPECT_EQ(connecting.result, 0);
  EXPECT_EQ(writing.result, 11);
  EXPECT_LT(order_of(connecting), order_of(writing));
  const Fd server(::accept(listener.socket.number(), nullptr, nullptr));
  EXPECT_EQ(receive(server.number(), 11), "first words");
}

TEST_P(Conformance, a_connect_to_where_nobody_listens_is_refused) {
  Fd holder;
  const sockaddr_in address = refusing_address(holder);
  Descriptor& client = adopt(tcp_socket());
  Connect& connecting = connect(client, address);
  ASSERT_TRUE(finish(connecting));
  EXPECT_EQ(connecting.result, -ECONNREFUSED);
}

TEST_P(Conformance, a_second_connect_says_that_there_is_one) {
  const Listener listener = tcp_listener(4);
  Descriptor& client = adopt(tcp_socket());
  Connect& first = connect(client, listener.address);
  ASSERT_TRUE(finish(first));
  ASSERT_EQ(first.result, 0);
  Connect& second = connect(client, listener.address);
  ASSERT_TRUE(finish(second));
  EXPECT_EQ(second.result, -EISCONN);
}

/// A listener that takes no connection any more: what connects now waits.
struct FullListener {
  Listener listener = tcp_listener(0);
  std::vector<Fd> waiting;

  FullListener() {
    for (int i = 0; i < 4; ++i) waiting.push_back(begin_connect_to(listener.address));
  }
};

TEST_P(Conformance, a_connect_that_waits_is_cancelled) {
  const FullListener full;
  Descriptor& client = adopt(tcp_socket());
  Connect& connecting = connect(client, full.listener.address);
  settle();
  ASSERT_FALSE(is_back(connecting)) << "the listener is full";
  cancel(connecting);
  ASSERT_TRUE(finish(connecting));
  EXPECT_EQ(connecting.result, -ECANCELED);
}

TEST_P(Conformance, a_close_ends_a_connect_that_waits) {
  const FullListener full;
  Descriptor& client = adopt(tcp_socket());
  Connect& connecting = connect(client, full.listener.address);
  settle();
  Operation& closing = start_close(client);
  ASSERT_TRUE(finish(connecting, closing));
  EXPECT_EQ(connecting.result, -ECANCELED);
  EXPECT_EQ(closing.result, 0);
  EXPECT_LT(order_of(connecting), order_of(closing));
}

TEST_P(Conformance, many_connects_at_once_all_arrive) {
  Listener listener = tcp_listener(128);
  Descriptor& listening = adopt(std::move(listener.socket));
  std::vector<const Operation*> all;
  std::vector<const Operation*> accepting;
  for (int i = 0; i < 50; ++i) {
    all.push_back(&connect(adopt(tcp_socket()), listener.address));
    accepting.push_back(&accept(listening));
  }
  ASSERT_TRUE(finish_all(all));
  ASSERT_TRUE(finish_all(accepting));
  for (const Operation* connecting : all) EXPECT_EQ(connecting->result, 0);
  for (const Operation* one : accepting) {
    const Fd server(one->result);
    EXPECT_GE(server.number(), 0);
  }
}

}  // namespace
}  // namespace rota::conformance
