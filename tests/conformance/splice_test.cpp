// Bytes that go through a pipe and no memory of the process.
#include "conformance/conformance.hpp"

#include <signal.h>

#include <cerrno>

namespace rota::conformance {
namespace {

TEST_P(Conformance, a_splice_takes_bytes_into_a_pipe_and_out_of_it) {
  FdPair from = tcp_pair();
  FdPair to = unix_pair();
  const FdPair pipe = pipe_pair();
  send_all(from.far.number(), "through a pipe");
  Descriptor& source = adopt(std::move(from.near));
  Descriptor& sink = adopt(std::move(to.near));
  std::string came;
  while (came.size() < 14) {
    Splice& in = splice(OpCode::splice_in, source, pipe.far.number(), 1000);
    ASSERT_TRUE(finish(in));
    ASSERT_GE(in.result, 1);
    Splice& out =
        splice(OpCode::splice_out, sink, pipe.near.number(), static_cast<std::uint32_t>(in.result));
    ASSERT_TRUE(finish(out));
    ASSERT_GE(out.result, 1);
    came += receive(to.far.number(), static_cast<std::size_t>(out.result));
    if (out.result < in.result) {
      const auto rest = static_cast<std::size_t>(in.result - out.result);
      came += receive(pipe.near.number(), rest);
    }
  }
  EXPECT_EQ(came, "through a pipe");
}

TEST_P(Conformance, a_parked_splice_gets_what_is_written_later) {
  FdPair from = tcp_pair();
  const FdPair pipe = pipe_pair();
  Descriptor& source = adopt(std::move(from.near));
  Splice& in = splice(OpCode::splice_in, source, pipe.far.number(), 1000);
  settle();
  EXPECT_FALSE(is_back(in)) << "there was nothing to take";
  send_all(from.far.number(), "x");
  ASSERT_TRUE(finish(in));
  EXPECT_EQ(in.result, 1);
  EXPECT_EQ(receive(pipe.near.number(), 1), "x");
}

TEST_P(Conformance, a_splice_sees_the_end_of_the_stream) {
  FdPair from = tcp_pair();
  const FdPair pipe = pipe_pair();
  Descriptor& source = adopt(std::move(from.near));
  Splice& in = splice(OpCode::splice_in, source, pipe.far.number(), 1000);
  settle();
  from.far.reset();
  ASSERT_TRUE(finish(in));
  EXPECT_EQ(in.result, 0);
}

TEST_P(Conformance, a_cancelled_splice_loses_nothing) {
  FdPair from = unix_pair();
  const FdPair pipe = pipe_pair();
  Descriptor& source = adopt(std::move(from.near));
  Splice& in = splice(OpCode::splice_in, source, pipe.far.number(), 1000);
  settle();
  cancel(in);
  ASSERT_TRUE(finish(in));
  EXPECT_EQ(in.result, -ECANCELED);
  send_all(from.far.number(), "kept");
  EXPECT_EQ(read_all(source, 4), "kept");
}

TEST_P(Conformance, a_splice_out_waits_for_room_and_a_close_ends_it) {
  FdPair to = unix_pair();
  const FdPair pipe = pipe_pair();
  send_all(pipe.far.number(), "stuck");
  Descriptor& sink = adopt(std::move(to.near));
  fill(sink.fd);
  Splice& out = splice(OpCode::splice_out, sink, pipe.near.number(), 5);
  settle();
  ASSERT_FALSE(is_back(out)) << "there is no room";
  Operation& closing = start_close(sink);
  ASSERT_TRUE(finish(out, closing));
  EXPECT_EQ(out.result, -ECANCELED);
  EXPECT_LT(order_of(out), order_of(closing));
  EXPECT_EQ(receive(pipe.near.number(), 5), "stuck");
}

TEST_P(Conformance, a_splice_to_a_peer_that_is_gone_is_a_broken_pipe) {
  void (*before)(int) = ::signal(SIGPIPE, SIG_IGN);
  FdPair to = unix_pair();
  const FdPair pipe = pipe_pair();
  send_all(pipe.far.number(), "x");
  Descriptor& sink = adopt(std::move(to.near));
  to.far.reset();
  Splice& out = splice(OpCode::splice_out, sink, pipe.near.number(), 1);
  ASSERT_TRUE(finish(out));
  EXPECT_EQ(out.result, -EPIPE);
  ::signal(SIGPIPE, before);
}

}  // namespace
}  // namespace rota::conformance
