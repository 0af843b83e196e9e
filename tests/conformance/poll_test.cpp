// Readiness as an operation.
#include "conformance/conformance.hpp"


namespace rota::conformance {
namespace {

TEST_P(Conformance, poll_reports_data_and_leaves_it) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Poll& readable = poll(near, POLLIN);
  settle();
  EXPECT_FALSE(is_back(readable));
  send_all(pair.far.number(), "data");
  ASSERT_TRUE(finish(readable));
  EXPECT_EQ(readable.result, POLLIN);
  EXPECT_EQ(read_all(near, 4), "data");
}

TEST_P(Conformance, poll_reports_readiness_that_already_holds) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  send_all(pair.far.number(), "data");
  for (int i = 0; i < 5; ++i) {
    Poll& readable = poll(near, POLLIN);
    ASSERT_TRUE(finish(readable)) << "poll number " << i;
    EXPECT_EQ(readable.result, POLLIN);
  }
}

TEST_P(Conformance, poll_reports_room_at_once_and_only_what_was_asked_for) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  send_all(pair.far.number(), "data");
  Poll& arrived = poll(near, POLLIN);
  ASSERT_TRUE(finish(arrived));
  Poll& writable = poll(near, POLLOUT);
  ASSERT_TRUE(finish(writable));
  EXPECT_EQ(writable.result, POLLOUT);
}

TEST_P(Conformance, poll_for_either_reports_the_one_that_holds) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Poll& either = poll(near, POLLIN | POLLOUT);
  ASSERT_TRUE(finish(either));
  EXPECT_EQ(either.result, POLLOUT);
}

TEST_P(Conformance, poll_waits_for_room) {
  FdPair pair = unix_pair();
  Descriptor& near = adopt(std::move(pair.near));
  const std::string filled = fill(near.fd);
  Poll& writable = poll(near, POLLOUT);
  settle();
  EXPECT_FALSE(is_back(writable)) << "the buffer is full";
  EXPECT_EQ(receive(pair.far.number(), filled.size()).size(), filled.size());
  ASSERT_TRUE(finish(writable));
  EXPECT_EQ(writable.result, POLLOUT);
}

TEST_P(Conformance, poll_sees_a_half_close) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Poll& ended = poll(near, POLLRDHUP);
  settle();
  send_all(pair.far.number(), "not the end");
  settle();
  EXPECT_FALSE(is_back(ended)) << "data is not the end";
  shutdown_writing(pair.far.number());
  ASSERT_TRUE(finish(ended));
  EXPECT_EQ(ended.result, POLLRDHUP);
}

TEST_P(Conformance, poll_for_room_is_not_ended_by_a_half_close) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  fill(near.fd);
  Poll& room = poll(near, POLLOUT);
  settle();
  shutdown_writing(pair.far.number());
  EXPECT_EQ(turn(in_ns(2'000'000)), 0u) << "there is no more room than before";
  EXPECT_FALSE(is_back(room));
}

TEST_P(Conformance, poll_for_nothing_still_sees_a_hang_up) {
  FdPair pair = pipe_pair();
  Descriptor& reader = adopt(std::move(pair.near), FdKind::stream);
  Poll& nothing = poll(reader, 0);
  settle();
  send_all(pair.far.number(), "data");
  settle();
  EXPECT_FALSE(is_back(nothing)) << "nobody asked for data";
  pair.far.reset();
  ASSERT_TRUE(finish(nothing));
  EXPECT_EQ(nothing.result, POLLHUP);
}

TEST_P(Conformance, poll_for_urgent_data_sees_a_reset_behind_unread_data) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  send_all(pair.far.number(), "unread");
  Poll& arrived = poll(near, POLLIN);
  ASSERT_TRUE(finish(arrived));
  Poll& urgent = poll(near, POLLPRI);
  settle();
  EXPECT_FALSE(is_back(urgent)) << "nobody asked for data";
  close_with_reset(pair.far);
  ASSERT_TRUE(finish(urgent));
  EXPECT_EQ(urgent.result & (POLLERR | POLLHUP), POLLERR | POLLHUP);
}

TEST_P(Conformance, poll_for_the_end_waits_behind_unread_data) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  send_all(pair.far.number(), "unread");
  Poll& arrived = poll(near, POLLIN);
  ASSERT_TRUE(finish(arrived));
  Poll& ended = poll(near, POLLRDHUP);
  settle();
  EXPECT_FALSE(is_back(ended)) << "data is not the end";
  pair.far.reset();
  ASSERT_TRUE(finish(ended));
  EXPECT_EQ(ended.result, POLLRDHUP);
}

TEST_P(Conformance, poll_for_nothing_sees_an_error) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Poll& nothing = poll(near, 0);
  settle();
  EXPECT_FALSE(is_back(nothing));
  close_with_reset(pair.far);
  ASSERT_TRUE(finish(nothing));
  EXPECT_EQ(nothing.result, POLLERR | POLLHUP);
}

TEST_P(Conformance, poll_works_on_both_ends_of_a_pipe) {
  FdPair pair = pipe_pair();
  Descriptor& reader = adopt(std::move(pair.near), FdKind::stream);
  Descriptor& writer = adopt(std::move(pair.far), FdKind::stream);
  Poll& readable = poll(reader, POLLIN);
  Poll& writable = poll(writer, POLLOUT);
  ASSERT_TRUE(finish(writable));
  EXPECT_EQ(writable.result, POLLOUT);
  EXPECT_FALSE(is_back(readable));
  Transfer& writing = write(writer, "x");
  ASSERT_TRUE(finish(writing, readable));
  EXPECT_EQ(readable.result, POLLIN);
}

TEST_P(Conformance, several_polls_on_one_fd_complete_each_by_its_own_condition) {
  FdPair pair = unix_pair();
  Descriptor& near = adopt(std::move(pair.near));
  const std::string filled = fill(near.fd);
  Poll& one = poll(near, POLLIN);
  Poll& other = poll(near, POLLIN);
  Poll& room = poll(near, POLLOUT);
  settle();
  EXPECT_FALSE(is_back(room));
  send_all(pair.far.number(), "for both");
  ASSERT_TRUE(finish(one, other));
  EXPECT_EQ(one.result, POLLIN);
  EXPECT_EQ(other.result, POLLIN);
  EXPECT_FALSE(is_back(room)) << "there is still no room";
  receive(pair.far.number(), filled.size());
  ASSERT_TRUE(finish(room));
  EXPECT_EQ(room.result, POLLOUT);
}

TEST_P(Conformance, a_poll_and_a_read_on_one_fd_are_both_woken_by_one_arrival) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 4, op_whole);
  Poll& ended = poll(near, POLLRDHUP);
  settle();
  send_all(pair.far.number(), "data");
  shutdown_writing(pair.far.number());
  ASSERT_TRUE(finish(reading, ended));
  EXPECT_EQ(text(reading), "data");
  EXPECT_EQ(ended.result & POLLRDHUP, POLLRDHUP);
}

TEST_P(Conformance, poll_on_a_listener_reports_a_waiting_connection) {
  Listener listener = tcp_listener(4);
  Descriptor& listening = adopt(std::move(listener.socket));
  Poll& waiting = poll(listening, POLLIN);
  settle();
  EXPECT_FALSE(is_back(waiting));
  const Fd client = connect_to(listener.address);
  ASSERT_TRUE(finish(waiting));
  EXPECT_EQ(waiting.result, POLLIN);
  Operation& accepting = accept(listening);
  ASSERT_TRUE(finish(accepting));
  const Fd server(accepting.result);
  EXPECT_EQ(peer_port(server.number()), local_port(client.number()));
}

}  // namespace
}  // namespace rota::conformance
