// How the other side's end is seen: half-close, reset, hang-up.
#include "conformance/conformance.hpp"

#include <signal.h>
#include <sys/socket.h>

#include <cerrno>

namespace rota::conformance {
namespace {

/// SIGPIPE as a process has it that has asked for nothing, so that one which escapes kills.
class DefaultBrokenPipe {
 public:
  DefaultBrokenPipe() { before_ = ::signal(SIGPIPE, SIG_DFL); }
  ~DefaultBrokenPipe() { ::signal(SIGPIPE, before_); }
  DefaultBrokenPipe(const DefaultBrokenPipe&) = delete;
  DefaultBrokenPipe& operator=(const DefaultBrokenPipe&) = delete;

 private:
  void (*before_)(int);
};

TEST_P(Conformance, after_a_half_close_reads_end_and_writes_go_on) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 8);
  settle();
  shutdown_writing(pair.far.number());
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, 0);
  Transfer& writing = write(near, "still open", op_whole);
  ASSERT_TRUE(finish(writing));
  EXPECT_EQ(writing.result, 10);
  EXPECT_EQ(receive(pair.far.number(), 10), "still open");
}

TEST_P(Conformance, the_end_of_a_stream_is_seen_again_by_every_read) {
  FdPair pair = tcp_pair();
  shutdown_writing(pair.far.number());
  Descriptor& near = adopt(std::move(pair.near));
  for (int i = 0; i < 3; ++i) {
    Transfer& reading = read(near, 8);
    ASSERT_TRUE(finish(reading));
    EXPECT_EQ(reading.result, 0);
  }
}

TEST_P(Conformance, data_and_end_that_arrive_together_are_both_seen) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& first = read(near, 64, op_whole);
  settle();
  // One edge for both: a reader that takes a short read for "empty" waits here for ever.
  send_all(pair.far.number(), "last words");
  pair.far.reset();
  ASSERT_TRUE(finish(first));
  EXPECT_EQ(text(first), "last words");
  Transfer& end = read(near, 64);
  ASSERT_TRUE(finish(end));
  EXPECT_EQ(end.result, 0);
}

TEST_P(Conformance, a_short_read_does_not_hide_the_end_behind_it) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& parked = read(near, 64);
  settle();
  send_all(pair.far.number(), "last words");
  pair.far.reset();
  std::string received;
  ASSERT_TRUE(finish(parked));
  received += text(parked);
  // Each of these is short, and no new event comes for any of them.
  for (int i = 0; i < 20; ++i) {
    Transfer& next = read(near, 64);
    ASSERT_TRUE(finish(next));
    received += text(next);
    if (next.result == 0) break;
  }
  EXPECT_EQ(received, "last words");
  Transfer& end = read(near, 64);
  ASSERT_TRUE(finish(end));
  EXPECT_EQ(end.result, 0);
}

TEST_P(Conformance, the_end_after_data_is_seen_by_two_reads_parked_before) {
  FdPair pair = unix_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& first = read(near, 4, op_whole);
  Transfer& second = read(near, 4, op_whole);
  settle();
  send_all(pair.far.number(), "data");
  pair.far.reset();
  ASSERT_TRUE(finish(first, second));
  EXPECT_EQ(text(first), "data");
  EXPECT_EQ(second.result, 0);
}

TEST_P(Conformance, a_reset_fails_the_parked_read_and_later_writes_without_a_signal) {
  const DefaultBrokenPipe deadly;
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 8);
  settle();
  close_with_reset(pair.far);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, -ECONNRESET);
  Transfer& writing = write(near, "nobody", op_whole);
  VectorTransfer& vector = write_parts(OpCode::write_vector, near, {"no", "body"});
  ASSERT_TRUE(finish(writing, vector));
  EXPECT_TRUE(writing.result == -EPIPE || writing.result == -ECONNRESET) << writing.result;
  EXPECT_TRUE(vector.result == -EPIPE || vector.result == -ECONNRESET) << vector.result;
}

TEST_P(Conformance, a_reset_fails_a_parked_write) {
  const DefaultBrokenPipe deadly;
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  fill(near.fd);
  Transfer& writing = write(near, pattern(1 << 20), op_whole);
  settle();
  ASSERT_FALSE(is_back(writing));
  close_with_reset(pair.far);
  ASSERT_TRUE(finish(writing));
  EXPECT_TRUE(writing.result == -EPIPE || writing.result == -ECONNRESET) << writing.result;
}

TEST_P(Conformance, a_write_to_a_closed_unix_peer_is_a_broken_pipe_without_a_signal) {
  const DefaultBrokenPipe deadly;
  FdPair pair = unix_pair();
  pair.far.reset();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& writing = write(near, "nobody");
  ASSERT_TRUE(finish(writing));
  EXPECT_EQ(writing.result, -EPIPE);
}

TEST_P(Conformance, a_pipe_whose_writer_closes_hangs_up_without_data) {
  FdPair pair = pipe_pair();
  Descriptor& reader = adopt(std::move(pair.near), FdKind::stream);
  Poll& hang_up = poll(reader, POLLIN);
  Transfer& reading = read(reader, 8);
  settle();
  EXPECT_FALSE(is_back(hang_up));
  EXPECT_FALSE(is_back(reading));
  pair.far.reset();
  ASSERT_TRUE(finish(hang_up, reading));
  EXPECT_EQ(hang_up.result & POLLHUP, POLLHUP);
  EXPECT_EQ(hang_up.result & POLLIN, 0);
  EXPECT_EQ(reading.result, 0);
}

TEST_P(Conformance, a_pipe_whose_reader_closes_fails_a_parked_poll_for_room) {
  FdPair pair = pipe_pair();
  set_nonblocking(pair.far.number(), true);
  while (::write(pair.far.number(), "0123456789abcdef", 16) > 0) {
  }
  Descriptor& writer = adopt(std::move(pair.far), FdKind::stream);
  Poll& room = poll(writer, POLLOUT);
  settle();
  EXPECT_FALSE(is_back(room)) << "the pipe is full";
  pair.near.reset();
  ASSERT_TRUE(finish(room));
  EXPECT_EQ(room.result & POLLERR, POLLERR);
}

TEST_P(Conformance, a_unix_peer_that_closes_ends_the_parked_read) {
  FdPair pair = unix_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 8);
  settle();
  pair.far.reset();
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, 0);
}

TEST_P(Conformance, a_shutdown_of_the_own_end_wakes_the_parked_read) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 8);
  settle();
  ASSERT_EQ(::shutdown(near.fd, SHUT_RD), 0);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, 0);
}

}  // namespace
}  // namespace rota::conformance
