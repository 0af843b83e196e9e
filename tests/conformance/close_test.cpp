// A close ends what is in flight on its Descriptor, and comes back after it.
#include "conformance/conformance.hpp"
#include "conformance/temporary_folder.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace rota::conformance {
namespace {

TEST_P(Conformance, a_close_closes_the_number_and_the_peer_sees_the_end) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  const int number = near.fd;
  EXPECT_EQ(close(near), 0);
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
  EXPECT_EQ(receive_until_end(pair.far.number()), "");
}

/// Not some time later, by a thread of the kernel that still had it.
TEST_P(Conformance, what_was_waited_for_is_gone_for_its_peer_when_the_close_has_ended) {
  for (int i = 0; i < 50; ++i) {
    FdPair pair = unix_pair();
    Descriptor& near = adopt(std::move(pair.near));
    read(near, 8);
    poll(near, POLLPRI);
    settle();
    EXPECT_EQ(close(near), 0);
    EXPECT_EQ(::send(pair.far.number(), "x", 1, MSG_NOSIGNAL), -1);
    EXPECT_EQ(errno, EPIPE);
  }
}

TEST_P(Conformance, a_close_cancels_the_parked_read_and_comes_after_it) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 8);
  settle();
  Operation& closing = start_close(near);
  ASSERT_TRUE(finish(closing));
  ASSERT_TRUE(is_back(reading));
  EXPECT_EQ(reading.result, -ECANCELED);
  EXPECT_LT(order_of(reading), order_of(closing));
}

TEST_P(Conformance, a_close_cancels_the_parked_write) {
  FdPair pair = unix_pair();
  Descriptor& near = adopt(std::move(pair.near));
  const std::string filled = fill(near.fd);
  Transfer& writing = write(near, "more");
  settle();
  ASSERT_FALSE(is_back(writing)) << "the buffer is full";
  Operation& closing = start_close(near);
  ASSERT_TRUE(finish(closing));
  ASSERT_TRUE(is_back(writing));
  EXPECT_EQ(writing.result, -ECANCELED);
  EXPECT_TRUE(receive_until_end(pair.far.number()) == filled) << "a cancelled write left bytes";
}

TEST_P(Conformance, a_close_cancels_the_parked_poll) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Poll& readable = poll(near, POLLIN);
  Poll& nothing = poll(near, 0);
  settle();
  Operation& closing = start_close(near);
  ASSERT_TRUE(finish(closing));
  ASSERT_TRUE(is_back(readable) && is_back(nothing));
  EXPECT_EQ(readable.result, -ECANCELED);
  EXPECT_EQ(nothing.result, -ECANCELED);
}

TEST_P(Conformance, a_close_ends_an_accept_stream) {
  Listener listener = tcp_listener(4);
  Descriptor& listening = adopt(std::move(listener.socket));
  Stream& stream = accept_stream(listening, 4);
  settle();
  ASSERT_TRUE(stream.armed);
  Operation& closing = start_close(listening);
  ASSERT_TRUE(finish(closing));
  EXPECT_FALSE(stream.armed);
  ASSERT_FALSE(stream.empty());
  EXPECT_EQ(stream.pop().result, -ECANCELED);
  EXPECT_LT(order_of(stream), order_of(closing));
}

TEST_P(Conformance, a_close_cancels_everything_in_every_lane) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  fill(near.fd);
  std::vector<const Operation*> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(&read(near, 8));
    all.push_back(&poll(near, POLLIN));
    all.push_back(&poll(near, POLLPRI));
  }
  settle();
  Operation& closing = start_close(near);
  ASSERT_TRUE(finish(closing));
  for (const Operation* one : all) {
    ASSERT_TRUE(is_back(*one));
    EXPECT_EQ(one->result, -ECANCELED);
    EXPECT_LT(order_of(*one), order_of(closing));
  }
}

TEST_P(Conformance, a_close_in_the_turn_of_its_operations_ends_them_all) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  std::vector<const Operation*> all;
  for (int i = 0; i < 10; ++i) all.push_back(&read(near, 8));
  Operation& closing = start_close(near);
  ASSERT_TRUE(finish(closing));
  for (const Operation* one : all) {
    ASSERT_TRUE(is_back(*one));
    EXPECT_EQ(one->result, -ECANCELED);
  }
}

TEST_P(Conformance, a_close_reports_the_bytes_that_a_whole_write_had_moved) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  const std::string sent = pattern(16 << 20);
  Transfer& writing = write(near, sent, op_whole);
  settle();
  ASSERT_FALSE(is_back(writing)) << "nobody reads";
  Operation& closing = start_close(near);
  ASSERT_TRUE(finish(closing));
  ASSERT_TRUE(is_back(writing));
  const std::string received = receive_until_end(pair.far.number());
  EXPECT_EQ(writing.result, -ECANCELED) << "not every byte went";
  ASSERT_EQ(writing.moved, received.size());
  EXPECT_TRUE(received == sent.substr(0, received.size()));
}

TEST_P(Conformance, a_close_that_lingers_holds_up_nobody) {
  FdPair pair = tcp_pair();
  const std::string filled = fill(pair.near.number());
  constexpr linger patient{.l_onoff = 1, .l_linger = 5};
  ASSERT_EQ(::setsockopt(pair.near.number(), SOL_SOCKET, SO_LINGER, &patient, sizeof patient), 0);
  Descriptor& near = adopt(std::move(pair.near));
  near.lingers = true;
  Operation& closing = start_close(near);
  settle();
  for (int i = 0; i < 20; ++i) {
    FdPair other = tcp_pair();
    send_all(other.far.number(), "x");
    Descriptor& beside = adopt(std::move(other.near));
    EXPECT_EQ(read_all(beside, 1), "x");
    EXPECT_EQ(close(beside), 0);
  }
  // Where time is virtual it passes at once, and with it the time to linger.
  if (!driver().traits().virtual_clock) {
    EXPECT_FALSE(is_back(closing)) << "the peer has not read yet";
  }
  EXPECT_TRUE(receive_until_end(pair.far.number()) == filled);
  ASSERT_TRUE(finish(closing));
  EXPECT_EQ(closing.result, 0);
  EXPECT_EQ(::fcntl(near.fd, F_GETFD), -1);
}

TEST_P(Conformance, a_close_of_a_file_waits_for_its_operations) {
  const TemporaryFolder folder;
  Fd file(::open(folder.path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  ASSERT_GE(file.number(), 0);
  Descriptor& descriptor = adopt(std::move(file), FdKind::file);
  Transfer& writing = write_at(descriptor, pattern(1 << 20), 0);
  Operation& syncing = plain(OpCode::sync, descriptor);
  Operation& closing = start_close(descriptor);
  ASSERT_TRUE(finish(closing));
  ASSERT_TRUE(is_back(writing) && is_back(syncing));
  EXPECT_TRUE(writing.result == 1 << 20 || writing.result == -ECANCELED) << writing.result;
  EXPECT_TRUE(syncing.result == 0 || syncing.result == -ECANCELED) << syncing.result;
}

TEST_P(Conformance, thousands_in_flight_end_by_closing_all) {
  constexpr std::size_t kReads = 2000;
  constexpr std::size_t kReserve = 64;  // fds of the process and of the driver
  const auto limit = static_cast<std::size_t>(std::min(cell().fd_limit, highest_fd()));
  const std::size_t pairs = std::min(kReads, (limit - kReserve) / 2);
  std::vector<Fd> fars;
  std::vector<Descriptor*> nears;
  for (std::size_t i = 0; i < pairs; ++i) {
    FdPair pair = unix_pair();
    nears.push_back(&adopt(std::move(pair.near)));
    fars.push_back(std::move(pair.far));
  }
  std::vector<const Operation*> reads;
  for (std::size_t i = 0; i < kReads; ++i) reads.push_back(&read(*nears[i % pairs], 8));
  settle();
  std::vector<const Operation*> closings;
  for (Descriptor* near : nears) closings.push_back(&start_close(*near));
  ASSERT_TRUE(finish_all(closings));
  for (const Operation* closing : closings) EXPECT_EQ(closing->result, 0);
  for (const Operation* reading : reads) {
    ASSERT_TRUE(is_back(*reading));
    EXPECT_EQ(reading->result, -ECANCELED);
  }
}

}  // namespace
}  // namespace rota::conformance
