// The ends of connections that need no number, and how they get one.
#include "conformance/direct_conformance.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <vector>

namespace rota::conformance {
namespace {

TEST_P(DirectConformance, a_half_that_is_shut_down_is_the_end_for_the_peer) {
  Pair made = pair();
  const ShutDown& shutting = shut_down(*made.near, SHUT_WR);
  ASSERT_TRUE(finish(shutting));
  EXPECT_EQ(shutting.result, 0);
  EXPECT_EQ(receive_until_end(made.far.number()), "");
  send_all(made.far.number(), "still");
  EXPECT_EQ(read_all(*made.near, 5), "still");
  const Transfer& writing = write(*made.near, "x");
  ASSERT_TRUE(finish(writing));
  EXPECT_EQ(writing.result, -EPIPE);
}

TEST_P(DirectConformance, a_shutdown_ends_a_read_that_waits) {
  Pair made = pair();
  Transfer& reading = read(*made.near, 8);
  settle();
  ASSERT_FALSE(is_back(reading));
  const ShutDown& shutting = shut_down(*made.near, SHUT_RDWR);
  ASSERT_TRUE(finish(shutting, reading));
  EXPECT_EQ(reading.result, 0);
}

TEST_P(DirectConformance, what_was_shut_down_by_its_peer_reports_errors_as_with_a_number) {
  Pair made = pair();
  close_with_reset(made.far);
  const Transfer& reading = read(*made.near, 1);
  ASSERT_TRUE(finish(reading));
  const ShutDown& shutting = shut_down(*made.near, SHUT_WR);
  ASSERT_TRUE(finish(shutting));
  EXPECT_EQ(shutting.result, -ENOTCONN);
}

TEST_P(DirectConformance, a_close_is_the_end_for_the_peer) {
  Pair made = pair();
  EXPECT_EQ(close(*made.near), 0);
  EXPECT_EQ(receive_until_end(made.far.number()), "");
}

TEST_P(DirectConformance, a_close_ends_what_is_in_flight_before_it_completes) {
  Pair made = pair();
  Transfer& reading = read(*made.near, 8);
  Receive& receiving = receive_lent(*made.near);
  settle();
  ASSERT_FALSE(is_back(reading));
  const Operation& closing = start_close(*made.near);
  ASSERT_TRUE(finish(reading, receiving, closing));
  EXPECT_EQ(reading.result, -ECANCELED);
  EXPECT_EQ(receiving.result, -ECANCELED);
  EXPECT_EQ(closing.result, 0);
  EXPECT_LT(order_of(reading), order_of(closing));
  EXPECT_LT(order_of(receiving), order_of(closing));
  release(*made.near);
  EXPECT_EQ(receive_until_end(made.far.number()), "");
}

TEST_P(DirectConformance, a_close_ends_a_write_that_has_no_room) {
  Pair made = pair();
  Transfer& writing = write(*made.near, pattern(1 << 23), op_whole);
  settle();
  ASSERT_FALSE(is_back(writing));
  const Operation& closing = start_close(*made.near);
  ASSERT_TRUE(finish(writing, closing));
  EXPECT_EQ(writing.result, -ECANCELED);
  EXPECT_EQ(receive_until_end(made.far.number()).size(), writing.moved);
  release(*made.near);
}

TEST_P(DirectConformance, a_second_close_finds_the_first) {
  Pair made = pair();
  Transfer& reading = read(*made.near, 8);
  settle();
  const Operation& closing = start_close(*made.near);
  const Operation& again = start_close(*made.near);
  ASSERT_TRUE(finish(reading, closing, again));
  EXPECT_EQ(closing.result, 0);
  EXPECT_EQ(again.result, -EBADF);
  release(*made.near);
}

TEST_P(DirectConformance, a_cancelled_read_loses_no_bytes) {
  Pair made = pair();
  Transfer& reading = read(*made.near, 8);
  settle();
  cancel(reading);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, -ECANCELED);
  expect_to_talk(*made.near, made.far);
}

TEST_P(DirectConformance, what_is_installed_is_a_connection_with_a_number) {
  Pair made = pair();
  expect_to_talk(*made.near, made.far);
  const Operation& installing = plain(OpCode::install, *made.near);
  ASSERT_TRUE(finish(installing));
  ASSERT_GE(installing.result, 0);
  EXPECT_EQ(made.near->fd, installing.result);
  EXPECT_FALSE(made.near->placed);
  EXPECT_EQ(peer_port(made.near->fd), local_port(made.far.number()));
  EXPECT_TRUE(is_close_on_exec(made.near->fd));
  expect_to_talk(*made.near, made.far);
  const Operation& again = plain(OpCode::install, *made.near);
  ASSERT_TRUE(finish(again));
  EXPECT_EQ(again.result, made.near->fd);
  EXPECT_EQ(close(*made.near), 0);
  EXPECT_EQ(receive_until_end(made.far.number()), "");
}

TEST_P(DirectConformance, a_read_goes_on_while_a_number_is_given) {
  Pair made = pair();
  Transfer& reading = read(*made.near, 8, op_whole);
  settle();
  send_all(made.far.number(), "1234");
  settle();
  const Operation& installing = plain(OpCode::install, *made.near);
  ASSERT_TRUE(finish(installing));
  EXPECT_FALSE(is_back(reading));
  send_all(made.far.number(), "5678");
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(text(reading), "12345678");
}

TEST_P(DirectConformance, a_close_after_the_number_ends_what_began_before_it) {
  Pair made = pair();
  Transfer& reading = read(*made.near, 8);
  settle();
  const Operation& installing = plain(OpCode::install, *made.near);
  ASSERT_TRUE(finish(installing));
  const Operation& closing = start_close(*made.near);
  ASSERT_TRUE(finish(reading, closing));
  EXPECT_EQ(reading.result, -ECANCELED);
  release(*made.near);
  EXPECT_EQ(receive_until_end(made.far.number()), "");
}

TEST_P(DirectConformance, a_close_in_the_turn_of_an_install_leaves_nothing_open) {
  Pair made = pair();
  const Operation& installing = plain(OpCode::install, *made.near);
  const Operation& closing = start_close(*made.near);
  ASSERT_TRUE(finish(installing, closing));
  EXPECT_EQ(closing.result, 0);
  release(*made.near);
  EXPECT_EQ(receive_until_end(made.far.number()), "");
}

TEST_P(DirectConformance, many_connections_come_and_go) {
  Descriptor& listener = listen();
  for (int round = 0; round < 8; ++round) {
    std::vector<Fd> peers;
    std::vector<Descriptor*> held;
    for (int i = 0; i < 20; ++i) {
      peers.push_back(connect_there());
      const Operation& accepting = accept_placed(listener);
      ASSERT_TRUE(finish(accepting));
      held.push_back(&adopt_accepted(accepting));
    }
    for (std::size_t i = 0; i < held.size(); i += 7) expect_to_talk(*held[i], peers[i]);
    for (Descriptor* each : held) EXPECT_EQ(close(*each), 0);
    for (const Fd& far : peers) EXPECT_EQ(receive_until_end(far.number()), "");
  }
}

}  // namespace
}  // namespace rota::conformance
