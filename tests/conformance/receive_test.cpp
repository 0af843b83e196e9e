// What is received into buffers that the driver lends.
#include "conformance/conformance.hpp"

#include "driver/lender.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace rota::conformance {
namespace {

TEST_P(Conformance, a_receive_gets_what_was_written_before) {
  FdPair pair = tcp_pair();
  send_all(pair.far.number(), "hello");
  Descriptor& near = adopt(std::move(pair.near));
  std::string received;
  while (received.size() < 5) {
    Receive& receiving = receive_lent(near);
    ASSERT_TRUE(finish(receiving));
    ASSERT_GT(receiving.result, 0);
    received += text(receiving);
  }
  EXPECT_EQ(received, "hello");
}

TEST_P(Conformance, a_parked_receive_gets_what_is_written_later) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Receive& receiving = receive_lent(near);
  settle();
  EXPECT_FALSE(is_back(receiving)) << "there was nothing to receive";
  send_all(pair.far.number(), "l");
  ASSERT_TRUE(finish(receiving));
  EXPECT_EQ(text(receiving), "l");
}

TEST_P(Conformance, a_receive_at_the_end_of_the_stream_has_no_buffer) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  pair.far.reset();
  Receive& receiving = receive_lent(near);
  ASSERT_TRUE(finish(receiving));
  EXPECT_EQ(receiving.result, 0);
  EXPECT_EQ(receiving.buffer, nullptr);
}

TEST_P(Conformance, a_failed_receive_has_no_buffer) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  close_with_reset(pair.far);
  Receive& receiving = receive_lent(near);
  ASSERT_TRUE(finish(receiving));
  EXPECT_EQ(receiving.result, -ECONNRESET);
  EXPECT_EQ(receiving.buffer, nullptr);
}

TEST_P(Conformance, a_cancelled_receive_has_no_buffer_and_loses_nothing) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Receive& cancelled = receive_lent(near);
  settle();
  cancel(cancelled);
  ASSERT_TRUE(finish(cancelled));
  EXPECT_EQ(cancelled.result, -ECANCELED);
  EXPECT_EQ(cancelled.buffer, nullptr);
  send_all(pair.far.number(), "x");
  Receive& receiving = receive_lent(near);
  ASSERT_TRUE(finish(receiving));
  EXPECT_EQ(text(receiving), "x");
}

TEST_P(Conformance, a_close_ends_a_parked_receive) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Receive& receiving = receive_lent(near);
  settle();
  close(near);
  EXPECT_EQ(receiving.result, -ECANCELED);
  EXPECT_EQ(receiving.buffer, nullptr);
}

TEST_P(Conformance, reads_and_receives_take_the_bytes_in_order) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& first = read(near, 3, op_whole);
  Receive& second = receive_lent(near);
  settle();
  send_all(pair.far.number(), "one2");
  ASSERT_TRUE(finish(first, second));
  EXPECT_EQ(text(first), "one");
  EXPECT_EQ(text(second), "2");
  EXPECT_LT(order_of(first), order_of(second));
}

TEST_P(Conformance, a_pipe_is_received_from) {
  FdPair pipe = pipe_pair();
  Descriptor& near = adopt(std::move(pipe.near), FdKind::stream);
  Receive& receiving = receive_lent(near);
  settle();
  ASSERT_EQ(::write(pipe.far.number(), "p", 1), 1);
  ASSERT_TRUE(finish(receiving));
  EXPECT_EQ(text(receiving), "p");
  pipe.far.reset();
  Receive& end = receive_lent(near);
  ASSERT_TRUE(finish(end));
  EXPECT_EQ(end.result, 0);
}

/// What a driver has ready for many connections is not much more than for one.
TEST_P(Conformance, receives_that_wait_hold_no_buffers) {
  constexpr std::size_t kConnections = 100;
  std::vector<Fd> far;
  std::vector<const Operation*> waiting;
  for (std::size_t i = 0; i < kConnections; ++i) {
    FdPair pair = unix_pair();
    waiting.push_back(&receive_lent(adopt(std::move(pair.near))));
    far.push_back(std::move(pair.far));
  }
  settle();
  EXPECT_LT(driver().lender()->lent(), static_cast<std::int64_t>(kConnections / 2));
  for (const Fd& peer : far) send_all(peer.number(), "x");
  ASSERT_TRUE(finish_all(waiting));
  for (const Operation* each : waiting) {
    EXPECT_EQ(text(static_cast<const Receive&>(*each)), "x");
  }
}

TEST_P(Conformance, a_connection_that_sends_much_is_lent_large_buffers_while_it_does) {
  FdPair pair = unix_pair();
  Descriptor& near = adopt(std::move(pair.near));
  const std::string sent = pattern(64 * 1024);
  std::uint32_t largest = 0;
  for (int round = 0; round < 8; ++round) {
    send_all(pair.far.number(), sent);
    std::string received;
    while (received.size() < sent.size()) {
      Receive& receiving = receive_lent(near);
      ASSERT_TRUE(finish(receiving));
      ASSERT_GT(receiving.result, 0);
      largest = std::max(largest, receiving.buffer->bytes);
      received += text(receiving);
      give_back(receiving);
    }
    ASSERT_EQ(received, sent);
  }
  if (!driver().traits().virtual_clock) {  // Which may cut each receive short.
    EXPECT_EQ(largest, bytes_of(LentSize::large));
  }
  std::uint32_t last = 0;
  for (int i = 0; i < 20; ++i) {
    send_all(pair.far.number(), "x");
    Receive& receiving = receive_lent(near);
    ASSERT_TRUE(finish(receiving));
    last = receiving.buffer->bytes;
    give_back(receiving);
  }
  EXPECT_EQ(last, bytes_of(LentSize::small));
}

TEST_P(Conformance, many_connections_that_send_much_at_once_are_all_served) {
  constexpr unsigned kConnections = 24;
  constexpr std::size_t kBytes = 64 * 1024;
  std::vector<Fd> far;
  std::vector<Descriptor*> near;
  std::vector<std::string> received(kConnections);
  for (unsigned i = 0; i < kConnections; ++i) {
    FdPair pair = unix_pair();
    near.push_back(&adopt(std::move(pair.near)));
    far.push_back(std::move(pair.far));
  }
  for (unsigned i = 0; i < kConnections; ++i) send_all(far[i].number(), pattern(kBytes, i));
  while (std::ranges::any_of(received, [](auto& each) { return each.size() < kBytes; })) {
    std::vector<std::pair<unsigned, Receive*>> round;
    std::vector<const Operation*> all;
    for (unsigned i = 0; i < kConnections; ++i) {
      if (received[i].size() == kBytes) continue;
      all.push_back(round.emplace_back(i, &receive_lent(*near[i])).second);
    }
    ASSERT_TRUE(finish_all(all));
    for (auto& [index, receiving] : round) {
      received[index] += text(*receiving);
      give_back(*receiving);
    }
  }
  for (unsigned i = 0; i < kConnections; ++i) EXPECT_EQ(received[i], pattern(kBytes, i));
}

TEST_P(Conformance, whoever_keeps_every_buffer_is_lent_more) {
  FdPair pair = unix_pair();
  Descriptor& near = adopt(std::move(pair.near));
  std::deque<Receive*> kept;
  for (std::uint32_t i = 0; i < most_kept(LentSize::small) + 40; ++i) {
    send_all(pair.far.number(), i % 2 == 0 ? "a" : "b");
    kept.push_back(&receive_lent(near));
    ASSERT_TRUE(finish(*kept.back()));
  }
  EXPECT_TRUE(kept.back()->buffer->single);
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(text(*kept[i]), i % 2 == 0 ? "a" : "b");
}

}  // namespace
}  // namespace rota::conformance
