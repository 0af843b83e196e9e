// Connections that need no number: they are accepted, and bytes move, with a place or a number.
#include "conformance/direct_conformance.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <vector>

namespace rota::conformance {
namespace {

INSTANTIATE_TEST_SUITE_P(Drivers, DirectConformance, testing::ValuesIn(cells()), name_of);

TEST_P(DirectConformance, a_connection_without_a_number_is_read_and_written) {
  Pair made = pair();
  expect_to_talk(*made.near, made.far);
  expect_to_talk(*made.near, made.far);
}

TEST_P(DirectConformance, an_accept_that_waits_gets_the_connection_that_comes) {
  Descriptor& listener = listen();
  Operation& accepting = accept_placed(listener);
  settle();
  EXPECT_FALSE(is_back(accepting));
  const Fd far = connect_there();
  ASSERT_TRUE(finish(accepting));
  expect_to_talk(adopt_accepted(accepting), far);
}

TEST_P(DirectConformance, accepts_take_connections_in_their_order) {
  Descriptor& listener = listen();
  std::vector<const Operation*> accepting;
  for (int i = 0; i < 8; ++i) accepting.push_back(&accept_placed(listener));
  settle();
  std::vector<Fd> peers;
  for (int i = 0; i < 8; ++i) peers.push_back(connect_there());
  ASSERT_TRUE(finish_all(accepting));
  for (std::size_t i = 0; i < accepting.size(); ++i) {
    expect_to_talk(adopt_accepted(*accepting[i]), peers[i]);
  }
}

TEST_P(DirectConformance, accepts_with_and_without_the_wish_share_a_listener) {
  Descriptor& listener = listen();
  Operation& first = accept_placed(listener);
  Operation& second = accept(listener);
  Operation& third = accept_placed(listener);
  settle();
  std::vector<Fd> peers;
  for (int i = 0; i < 3; ++i) peers.push_back(connect_there());
  ASSERT_TRUE(finish(first, second, third));
  EXPECT_EQ(second.result_flags, 0);
  expect_to_talk(adopt_accepted(first), peers[0]);
  expect_to_talk(adopt_accepted(second), peers[1]);
  expect_to_talk(adopt_accepted(third), peers[2]);
}

TEST_P(DirectConformance, a_read_waits_for_what_comes_later) {
  Pair made = pair();
  Transfer& reading = read(*made.near, 16);
  settle();
  EXPECT_FALSE(is_back(reading));
  send_all(made.far.number(), "x");
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(text(reading), "x");
}

TEST_P(DirectConformance, a_peer_that_closes_is_the_end_of_the_stream) {
  Pair made = pair();
  made.far.reset();
  const Transfer& reading = read(*made.near, 16);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, 0);
}

TEST_P(DirectConformance, a_reset_is_the_error_of_a_read) {
  Pair made = pair();
  close_with_reset(made.far);
  const Transfer& reading = read(*made.near, 16);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, -ECONNRESET);
}

TEST_P(DirectConformance, whole_writes_larger_than_the_socket_buffer_arrive) {
  Pair made = pair();
  Descriptor& far = adopt(std::move(made.far));
  const std::string sent = pattern(1 << 21);
  Transfer& writing = write(*made.near, sent, op_whole);
  Transfer& reading = read(far, sent.size(), op_whole);
  ASSERT_TRUE(finish(writing, reading));
  EXPECT_EQ(writing.moved, sent.size());
  EXPECT_EQ(text(reading), sent);
}

TEST_P(DirectConformance, writes_in_place_arrive) {
  Pair made = pair();
  Descriptor& far = adopt(std::move(made.far));
  const std::string sent = pattern(1 << 18);
  Transfer& writing = write_in_place(*made.near, sent, op_whole);
  Transfer& reading = read(far, sent.size(), op_whole);
  ASSERT_TRUE(finish(writing, reading));
  EXPECT_EQ(text(reading), sent);
}

TEST_P(DirectConformance, vectors_are_scattered_and_gathered) {
  Pair made = pair();
  const VectorTransfer& writing = write_parts(OpCode::write_vector, *made.near, {"ab", "c", "def"});
  ASSERT_TRUE(finish(writing));
  ASSERT_GT(writing.result, 0);
  const auto count = static_cast<std::size_t>(writing.result);
  EXPECT_EQ(receive(made.far.number(), count), std::string("abcdef").substr(0, count));
  send_all(made.far.number(), "123456");
  std::string came;
  while (came.size() < 6) {
    VectorTransfer& reading = read_parts(OpCode::read_vector, *made.near, {1, 5});
    ASSERT_TRUE(finish(reading));
    ASSERT_GT(reading.result, 0);
    came += text(reading);
  }
  EXPECT_EQ(came, "123456");
}

TEST_P(DirectConformance, single_messages_go_both_ways) {
  Pair made = pair();
  const Message& sending = send_message(*made.near, "m");
  ASSERT_TRUE(finish(sending));
  EXPECT_EQ(receive(made.far.number(), 1), "m");
  Message& receiving = receive_message(*made.near, 8);
  settle();
  EXPECT_FALSE(is_back(receiving));
  send_all(made.far.number(), "n");
  ASSERT_TRUE(finish(receiving));
  EXPECT_EQ(text(receiving), "n");
}

TEST_P(DirectConformance, a_receive_gets_a_buffer_with_what_comes) {
  Pair made = pair();
  Receive& receiving = receive_lent(*made.near);
  settle();
  EXPECT_FALSE(is_back(receiving));
  EXPECT_EQ(receiving.buffer, nullptr);
  send_all(made.far.number(), "l");
  ASSERT_TRUE(finish(receiving));
  EXPECT_EQ(text(receiving), "l");
  made.far.reset();
  Receive& last = receive_lent(*made.near);
  ASSERT_TRUE(finish(last));
  EXPECT_EQ(last.result, 0);
  EXPECT_EQ(last.buffer, nullptr);
}

/// More than a driver keeps buffers for: none of them has been given back.
TEST_P(DirectConformance, receives_go_on_while_all_buffers_are_lent) {
  Pair made = pair();
  std::string sent;
  std::string came;
  for (int i = 0; i < 300; ++i) {
    const std::string one(1, static_cast<char>('a' + i % 26));
    sent += one;
    send_all(made.far.number(), one);
    Receive& receiving = receive_lent(*made.near);
    ASSERT_TRUE(finish(receiving)) << "receive " << i;
    ASSERT_GT(receiving.result, 0);
    came += text(receiving);
  }
  EXPECT_EQ(came, sent);
}

TEST_P(DirectConformance, a_cancelled_accept_with_a_wish_takes_no_connection_with_it) {
  Descriptor& listener = listen();
  Operation& parked = accept_placed(listener);
  settle();
  cancel(parked);
  ASSERT_TRUE(finish(parked));
  EXPECT_EQ(parked.result, -ECANCELED);
  EXPECT_EQ(parked.result_flags, 0);
  const Fd far = connect_there();
  Operation& next = accept_placed(listener);
  ASSERT_TRUE(finish(next));
  expect_to_talk(adopt_accepted(next), far);
}

TEST_P(DirectConformance, a_connection_that_comes_before_the_cancel_is_not_lost) {
  Descriptor& listener = listen();
  Operation& parked = accept_placed(listener);
  settle();
  const Fd far = connect_there();
  cancel(parked);
  ASSERT_TRUE(finish(parked));
  const Operation* took = &parked;
  if (parked.result < 0) {
    EXPECT_EQ(parked.result, -ECANCELED);
    took = &accept_placed(listener);
    ASSERT_TRUE(finish(*took));
  }
  expect_to_talk(adopt_accepted(*took), far);
}

TEST_P(DirectConformance, a_listener_that_is_closed_ends_an_accept_with_a_wish) {
  Descriptor& listener = listen();
  Operation& first = accept_placed(listener);
  Operation& second = accept_placed(listener);
  settle();
  const Operation& closing = start_close(listener);
  ASSERT_TRUE(finish(first, second, closing));
  EXPECT_EQ(first.result, -ECANCELED);
  EXPECT_EQ(second.result, -ECANCELED);
  EXPECT_EQ(closing.result, 0);
  release(listener);
}

TEST_P(DirectConformance, an_accept_with_a_wish_behind_an_armed_stream_takes_the_next) {
  Descriptor& listener = listen();
  Stream& stream = accept_stream(listener, 8);
  listener.ahead = &stream;
  settle();
  ASSERT_TRUE(stream.armed);
  Operation& one = accept_placed(listener);
  settle();
  ASSERT_FALSE(is_back(one));
  const Fd far = connect_there();
  ASSERT_TRUE(finish(one));
  EXPECT_EQ(one.result_flags, 0) << "it is the stream's, and those have numbers";
  expect_to_talk(adopt_accepted(one), far);
  EXPECT_TRUE(stream.empty());
}

TEST_P(DirectConformance, an_accept_with_a_wish_takes_what_a_stream_holds_first) {
  Descriptor& listener = listen();
  std::vector<Fd> peers;
  for (int i = 0; i < 6; ++i) peers.push_back(connect_there());
  Stream& stream = accept_stream(listener, 2);
  listener.ahead = &stream;
  ASSERT_TRUE(turn_until([&] { return !stream.empty(); }));
  settle();
  for (const Fd& far : peers) {
    Operation& one = accept_placed(listener);
    ASSERT_TRUE(finish(one));
    expect_to_talk(adopt_accepted(one), far);
  }
}

TEST_P(DirectConformance, an_accept_on_what_does_not_listen_fails_with_a_wish_too) {
  Descriptor& idle = adopt(tcp_socket());
  Operation& one = accept_placed(idle);
  ASSERT_TRUE(finish(one));
  EXPECT_EQ(one.result, -EINVAL);
}

}  // namespace
}  // namespace rota::conformance
