// What happens at the edges: no fd left, a wrong fd, a fd beyond the mechanism's reach, more ready
// than one turn may handle.
#include "conformance/conformance.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace rota::conformance {
namespace {

/// So many new fds and no more can be made while this lives.
class FdsLeft {
 public:
  explicit FdsLeft(int count) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit lowered = before_;
    lowered.rlim_cur = static_cast<rlim_t>(lowest_free_fd() + count);
    ::setrlimit(RLIMIT_NOFILE, &lowered);
  }
  ~FdsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FdsLeft(const FdsLeft&) = delete;
  FdsLeft& operator=(const FdsLeft&) = delete;

 private:
  rlimit before_{};
};

TEST_P(Conformance, an_accept_without_a_free_fd_says_so_and_loses_no_connection) {
  Listener listener = tcp_listener(4);
  Descriptor& listening = adopt(std::move(listener.socket));
  const Fd client = connect_to(listener.address);
  {
    const FdsLeft none(0);
    Operation& accepting = accept(listening);
    ASSERT_TRUE(finish(accepting));
    EXPECT_EQ(accepting.result, -EMFILE);
  }
  Operation& again = accept(listening);
  ASSERT_TRUE(finish(again));
  ASSERT_GE(again.result, 0);
  const Fd server(again.result);
  EXPECT_EQ(peer_port(server.number()), local_port(client.number()));
}

TEST_P(Conformance, a_parked_accept_that_finds_the_last_fd_taken_says_so) {
  Listener listener = tcp_listener(4);
  Descriptor& listening = adopt(std::move(listener.socket));
  const Fd client = tcp_socket();
  Operation* accepting = nullptr;
  {
    // A ring looks at the limit when the accept is started, a system call when it is made: so
    // the limit stays as it is meanwhile, and the last fd goes to somebody else.
    const FdsLeft one(1);
    accepting = &accept(listening);
    settle();
    ASSERT_FALSE(is_back(*accepting)) << accepting->result;
    const Fd last(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_GE(last.number(), 0);
    const auto* to = reinterpret_cast<const sockaddr*>(&listener.address);
    ASSERT_EQ(::connect(client.number(), to, sizeof listener.address), 0);
    ASSERT_TRUE(finish(*accepting));
  }
  EXPECT_EQ(accepting->result, -EMFILE);
  Operation& again = accept(listening);
  ASSERT_TRUE(finish(again));
  const Fd server(again.result);
  EXPECT_EQ(peer_port(server.number()), local_port(client.number()));
}

TEST_P(Conformance, an_accept_stream_without_a_free_fd_ends_and_can_be_started_again) {
  Listener listener = tcp_listener(4);
  Descriptor& listening = adopt(std::move(listener.socket));
  const Fd client = connect_to(listener.address);
  Stream* stream = nullptr;
  {
    const FdsLeft none(0);
    stream = &accept_stream(listening, 4);
    ASSERT_TRUE(finish(*stream));
    ASSERT_FALSE(stream->empty());
    EXPECT_EQ(stream->pop().result, -EMFILE);
    EXPECT_TRUE(stream->empty());
  }
  restart(*stream);
  ASSERT_TRUE(turn_until([&] { return !stream->empty(); }));
  const Fd server(stream->pop().result);
  EXPECT_EQ(peer_port(server.number()), local_port(client.number()));
}

TEST_P(Conformance, operations_on_a_number_that_is_no_fd_fail_with_ebadf) {
  // Adopted while it is open and closed behind the driver's back.
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  ASSERT_EQ(::close(near.fd), 0);
  Transfer& reading = read(near, 8);
  Transfer& writing = write(near, "x");
  Poll& polling = poll(near, POLLIN);
  Operation& accepting = accept(near);
  ASSERT_TRUE(finish(reading, writing, polling, accepting));
  EXPECT_EQ(reading.result, -EBADF);
  EXPECT_EQ(writing.result, -EBADF);
  EXPECT_EQ(polling.result, -EBADF);
  EXPECT_EQ(accepting.result, -EBADF);
  EXPECT_EQ(close(near), -EBADF);
}

TEST_P(Conformance, a_read_of_a_write_only_fd_fails_and_does_not_park) {
  FdPair pair = pipe_pair();
  Descriptor& writer = adopt(std::move(pair.far), FdKind::stream);
  Transfer& reading = read(writer, 8);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, -EBADF);
}

TEST_P(Conformance, an_fd_beyond_the_reach_of_the_mechanism_is_refused) {
  constexpr int kHigh = FD_SETSIZE + 476;
  if (highest_fd() <= kHigh) GTEST_SKIP() << "cannot run: RLIMIT_NOFILE is " << highest_fd();
  FdPair pair = tcp_pair();
  Fd high(::fcntl(pair.near.number(), F_DUPFD_CLOEXEC, kHigh));
  ASSERT_GE(high.number(), kHigh);
  pair.near.reset();
  Descriptor& near = adopt(std::move(high));
  Transfer& reading = read(near, 2, op_whole);
  Poll& ended = poll(near, POLLRDHUP);
  settle();
  if (near.fd >= cell().fd_limit) {
    ASSERT_TRUE(finish(reading, ended));
    EXPECT_EQ(reading.result, -EINVAL);
    EXPECT_EQ(ended.result, -EINVAL);
    EXPECT_EQ(close(near), 0);
    return;
  }
  EXPECT_FALSE(is_back(reading));
  send_all(pair.far.number(), "hi");
  shutdown_writing(pair.far.number());
  ASSERT_TRUE(finish(reading, ended));
  EXPECT_EQ(text(reading), "hi");
  EXPECT_EQ(ended.result, POLLRDHUP);
}

TEST_P(Conformance, a_connection_that_is_always_ready_does_not_starve_another) {
  constexpr int kRounds = 100;
  FdPair busy = tcp_pair();
  FdPair quiet = tcp_pair();
  fill(busy.far.number());
  Descriptor& greedy = adopt(std::move(busy.near));
  Descriptor& near = adopt(std::move(quiet.near));
  Transfer& patient = read(near, 1);
  settle();
  send_all(quiet.far.number(), "x");
  std::vector<const Operation*> always;
  for (int i = 0; i < 10; ++i) always.push_back(&poll(greedy, POLLIN));
  int rounds = 0;
  while (!is_back(patient) && rounds < kRounds) {
    turn(in_ns(1'000'000));
    ++rounds;
    for (const Operation*& one : always) {
      if (is_back(*one)) one = &poll(greedy, POLLIN);
    }
    read(greedy, 1);
  }
  EXPECT_TRUE(is_back(patient)) << "not served in " << rounds << " turns";
}

TEST_P(Conformance, a_turn_is_bounded_and_the_rest_comes_next) {
  constexpr std::size_t kPairs = 50;
  constexpr std::size_t kReads = 100;  // of one byte, for each pair
  std::vector<FdPair> pairs;
  std::vector<const Operation*> reads;
  std::vector<Descriptor*> nears;
  const std::string sent = pattern(kReads);
  for (std::size_t i = 0; i < kPairs; ++i) {
    pairs.push_back(unix_pair());
    send_all(pairs.back().far.number(), sent);
    nears.push_back(&adopt(std::move(pairs.back().near)));
  }
  for (std::size_t k = 0; k < kReads; ++k) {
    for (Descriptor* near : nears) reads.push_back(&read(*near, 1));
  }
  ASSERT_TRUE(finish_all(reads));
  EXPECT_LE(most_of_one_turn(), Driver::kTurnOperations);
  for (std::size_t i = 0; i < reads.size(); ++i) {
    EXPECT_EQ(text(static_cast<const Transfer&>(*reads[i])), sent.substr(i / kPairs, 1));
  }
}

TEST_P(Conformance, what_a_bounded_turn_left_over_ends_the_next_one) {
  constexpr std::size_t kPolls = 5000;
  FdPair pair = unix_pair();
  Descriptor& near = adopt(std::move(pair.near));
  std::vector<const Operation*> polls;
  for (std::size_t i = 0; i < kPolls; ++i) polls.push_back(&poll(near, POLLOUT));
  // No turn has a deadline, and no new event comes for what is left.
  ASSERT_TRUE(finish_all(polls));
  for (const Operation* one : polls) EXPECT_EQ(one->result, POLLOUT);
  EXPECT_LE(most_of_one_turn(), Driver::kTurnOperations);
}

}  // namespace
}  // namespace rota::conformance
