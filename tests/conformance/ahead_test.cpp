// Bytes that are received before anybody asks for them, and who gets them.
#include "conformance/conformance.hpp"

#include "core/discard.hpp"
#include "driver/lender.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace rota::conformance {
namespace {

class AheadConformance : public Conformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    if (!has_driver() || driver().traits().receives_ahead) return;
    GTEST_SKIP() << "this driver is asked for each receive";
  }

  static std::string text_of(const StreamResult& came) {
    return std::string(reinterpret_cast<const char*>(came.lease->memory) + came.offset,
                       static_cast<std::size_t>(came.result));
  }
  /// Takes what the Stream has now, and starts it again where it was disarmed; false at its end.
  bool drain(Stream& stream, std::string& received) {
    while (!stream.empty()) {
      const StreamResult came = stream.pop();
      if (came.result <= 0 && came.result != -ECANCELED) return false;
      if (came.lease != nullptr) received += text_of(came);
      discard(stream.code, came);
    }
    if (is_back(stream)) restart(stream);
    return true;
  }
  std::string drain_until(Stream& stream, std::size_t bytes) {
    std::string received;
    EXPECT_TRUE(
        turn_until([&] { return !drain(stream, received) || received.size() >= bytes; }));
    return received;
  }
  /// Has the Stream hold these bytes, in results of their own.
  void hold(Stream& stream, int far, std::initializer_list<std::string_view> messages) {
    for (const std::string_view each : messages) {
      const std::size_t room = stream.room();
      send_all(far, each);
      ASSERT_TRUE(turn_until([&] { return stream.room() < room; }, in_ns(1'000'000)));
    }
  }
};

TEST_P(AheadConformance, what_comes_is_there_before_it_is_asked_for_and_in_order) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Stream& stream = read_stream(near, 8);
  hold(stream, pair.far.number(), {"one ", "two ", "three"});
  EXPECT_EQ(drain_until(stream, 13), "one two three");
}

TEST_P(AheadConformance, what_came_before_the_stream_was_started_comes_first) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  send_all(pair.far.number(), "before ");
  Stream& stream = read_stream(near, 8);
  std::string received = drain_until(stream, 7);
  send_all(pair.far.number(), "after");
  received += drain_until(stream, 5);
  EXPECT_EQ(received, "before after");
}

TEST_P(AheadConformance, reads_of_every_kind_take_what_came_ahead_of_them) {
  FdPair pair = tcp_pair();
  const FdPair pipe = pipe_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Stream& stream = read_stream(near, 16);
  hold(stream, pair.far.number(), {"0123456789", "abcdefghij", "ABC"});
  Transfer& peeked = read(near, 4, op_peek);
  Transfer& first = read(near, 2);
  VectorTransfer& parts = read_parts(OpCode::read_vector, near, {1, 2});
  Splice& spliced = splice(OpCode::splice_in, near, pipe.far.number(), 3);
  Receive& rest = receive_lent(near);
  Transfer& whole = read(near, 13, op_whole);
  ASSERT_TRUE(finish(peeked, first, parts, spliced, rest, whole));
  EXPECT_EQ(text(peeked), "0123");
  EXPECT_EQ(text(first), "01");
  EXPECT_EQ(text(parts), "234");
  ASSERT_EQ(spliced.result, 3);
  EXPECT_EQ(receive(pipe.near.number(), 3), "567");
  EXPECT_EQ(text(rest), "89");
  EXPECT_EQ(text(whole), "abcdefghijABC");
}

TEST_P(AheadConformance, reads_that_wait_behind_the_stream_get_what_comes_next) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Stream& stream = read_stream(near, 8);
  settle();
  Transfer& whole = read(near, 6, op_whole);
  Receive& after = receive_lent(near);
  settle();
  ASSERT_FALSE(is_back(whole));
  send_all(pair.far.number(), "abc");
  settle();
  send_all(pair.far.number(), "defghi");
  ASSERT_TRUE(finish(whole, after));
  EXPECT_EQ(text(whole), "abcdef");
  EXPECT_EQ(text(after), "ghi");
  EXPECT_TRUE(stream.empty());
  EXPECT_TRUE(stream.armed);
}

TEST_P(AheadConformance, a_read_behind_the_stream_is_cancelled_and_loses_nothing) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Stream& stream = read_stream(near, 8);
  settle();
  Transfer& waiting = read(near, 6);
  settle();
  cancel(waiting);
  ASSERT_TRUE(finish(waiting));
  EXPECT_EQ(waiting.result, -ECANCELED);
  send_all(pair.far.number(), "x");
  EXPECT_EQ(drain_until(stream, 1), "x");
}

TEST_P(AheadConformance, a_cancelled_stream_leaves_the_read_behind_it_waiting) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Stream& stream = read_stream(near, 8);
  settle();
  Transfer& waiting = read(near, 6);
  settle();
  cancel(stream);
  ASSERT_TRUE(turn_until([&] { return is_back(stream); }));
  settle();
  ASSERT_FALSE(is_back(waiting));
  send_all(pair.far.number(), "x");
  ASSERT_TRUE(finish(waiting));
  EXPECT_EQ(text(waiting), "x");
}

/// The kernel brings more at once than the ring of the Stream holds.
TEST_P(AheadConformance, a_read_and_the_stream_that_start_together_share_what_has_come) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Descriptor& far = adopt(std::move(pair.far));
  const std::string sent = pattern(300'000);
  Transfer& writing = write(far, sent, op_whole);
  settle();
  Stream& stream = read_stream(near, 2);
  ASSERT_TRUE(turn_until([&] { return !stream.empty(); }));
  ASSERT_TRUE(turn_until_disarmed(stream));
  std::string received;
  while (!stream.empty()) {
    const StreamResult came = stream.pop();
    if (came.lease != nullptr) received += text_of(came);
    discard(stream.code, came);
  }
  Transfer& beside = read(near, 1);
  restart(stream);
  ASSERT_TRUE(finish(beside));
  received += text(beside);
  received += drain_until(stream, sent.size() - received.size());
  EXPECT_TRUE(received == sent);
  ASSERT_TRUE(finish(writing));
}

TEST_P(AheadConformance, a_stream_that_nobody_drains_leaves_the_rest_in_the_socket) {
  constexpr std::size_t kMessages = 200;
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Stream& stream = read_stream(near, 4);
  settle();
  std::string sent;
  for (std::size_t i = 0; i < kMessages; ++i) {
    const std::string message = std::to_string(i) + ' ';
    send_all(pair.far.number(), message);
    sent += message;
    if (stream.armed) turn(in_ns(100'000));
  }
  ASSERT_TRUE(turn_until_disarmed(stream));
  EXPECT_EQ(drain_until(stream, sent.size()), sent);
}

TEST_P(AheadConformance, large_messages_come_whole_through_a_small_ring) {
  constexpr std::size_t kBytes = 3'000'000;
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Descriptor& far = adopt(std::move(pair.far));
  const std::string sent = pattern(kBytes);
  Transfer& writing = write(far, sent, op_whole);
  Stream& stream = read_stream(near, 4);
  const std::string received = drain_until(stream, kBytes);
  EXPECT_EQ(received.size(), kBytes);
  EXPECT_TRUE(received == sent);
  ASSERT_TRUE(finish(writing));
}

TEST_P(AheadConformance, streams_of_many_connections_keep_their_bytes_apart) {
  constexpr std::size_t kConnections = 40;
  constexpr std::size_t kBytes = 30'000;
  std::deque<FdPair> pairs;
  std::vector<Stream*> streams;
  std::vector<std::string> received(kConnections);
  for (std::size_t i = 0; i < kConnections; ++i) {
    FdPair& pair = pairs.emplace_back(tcp_pair());
    streams.push_back(&read_stream(adopt(std::move(pair.near)), 8));
  }
  // Chunks of many lengths, so that the parts of shared buffers lie in no regular order.
  std::size_t done = 0;
  for (std::size_t chunk = 1; done < kBytes; chunk = chunk * 7 % 1999 + 1) {
    const std::size_t bytes = std::min(chunk, kBytes - done);
    for (std::size_t i = 0; i < kConnections; ++i) {
      const std::string sent = pattern(kBytes, static_cast<unsigned>(i));
      send_all(pairs[i].far.number(), sent.substr(done, bytes));
    }
    done += bytes;
    turn_now();
    for (std::size_t i = 0; i < kConnections; ++i) ASSERT_TRUE(drain(*streams[i], received[i]));
  }
  ASSERT_TRUE(turn_until([&] {
    std::size_t whole = 0;
    for (std::size_t i = 0; i < kConnections; ++i) {
      static_cast<void>(drain(*streams[i], received[i]));
      if (received[i].size() == kBytes) ++whole;
    }
    return whole == kConnections;
  }));
  for (std::size_t i = 0; i < kConnections; ++i) {
    EXPECT_TRUE(received[i] == pattern(kBytes, static_cast<unsigned>(i))) << "connection " << i;
  }
}

TEST_P(AheadConformance, the_end_is_the_last_result_and_comes_again_when_it_is_asked_for_again) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Stream& stream = read_stream(near, 8);
  hold(stream, pair.far.number(), {"last"});
  shutdown_writing(pair.far.number());
  ASSERT_TRUE(turn_until([&] { return is_back(stream); }));
  const StreamResult bytes = stream.pop();
  EXPECT_EQ(text_of(bytes), "last");
  discard(stream.code, bytes);
  const StreamResult end = stream.pop();
  EXPECT_EQ(end.result, 0);
  EXPECT_EQ(end.lease, nullptr);
  restart(stream);
  ASSERT_TRUE(turn_until([&] { return is_back(stream); }));
  EXPECT_EQ(stream.pop().result, 0);
  Transfer& reading = read(near, 1);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, 0);
}

TEST_P(AheadConformance, a_read_takes_the_end_that_came_ahead_of_it) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Stream& stream = read_stream(near, 8);
  shutdown_writing(pair.far.number());
  ASSERT_TRUE(turn_until([&] { return is_back(stream); }));
  Transfer& reading = read(near, 8);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, 0);
}

TEST_P(AheadConformance, an_error_is_the_last_result) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Stream& stream = read_stream(near, 8);
  settle();
  close_with_reset(pair.far);
  ASSERT_TRUE(turn_until([&] { return is_back(stream); }));
  EXPECT_EQ(stream.pop().result, -ECONNRESET);
}

TEST_P(AheadConformance, a_cancelled_stream_keeps_what_it_has_and_leaves_what_comes) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Stream& stream = read_stream(near, 8);
  hold(stream, pair.far.number(), {"held "});
  cancel(stream);
  ASSERT_TRUE(turn_until([&] { return is_back(stream); }));
  send_all(pair.far.number(), "left");
  const StreamResult held = stream.pop();
  EXPECT_EQ(text_of(held), "held ");
  discard(stream.code, held);
  EXPECT_EQ(stream.pop().result, -ECANCELED);
  EXPECT_EQ(read_all(near, 4), "left");
}

TEST_P(AheadConformance, writes_go_on_beside_an_armed_stream) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  read_stream(near, 8);
  settle();
  for (int i = 0; i < 5; ++i) {
    Transfer& writing = write(near, "answer", op_whole);
    ASSERT_TRUE(finish(writing));
    EXPECT_EQ(receive(pair.far.number(), 6), "answer");
  }
}

TEST_P(AheadConformance, a_close_ends_an_armed_stream_and_those_behind_it) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Stream& stream = read_stream(near, 8);
  hold(stream, pair.far.number(), {"held"});
  Transfer& whole = read(near, 9, op_whole);
  settle();
  EXPECT_EQ(close(near), 0);
  ASSERT_TRUE(is_back(whole));
  EXPECT_EQ(whole.result, -ECANCELED);
  EXPECT_EQ(whole.moved, 4u);
  EXPECT_TRUE(is_back(stream));
  EXPECT_EQ(receive_until_end(pair.far.number()), "");
}

TEST_P(AheadConformance, a_stream_goes_on_while_every_buffer_is_lent) {
  constexpr std::size_t kMessages = 80;
  constexpr std::size_t kBytes = 64 * 1024;
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Descriptor& far = adopt(std::move(pair.far));
  const std::string sent = pattern(kMessages * kBytes);
  Transfer& writing = write(far, sent, op_whole);
  Stream& stream = read_stream(near, 8);
  std::vector<StreamResult> held;
  std::size_t bytes = 0;
  ASSERT_TRUE(turn_until([&] {
    while (!stream.empty()) {
      held.push_back(stream.pop());
      bytes += static_cast<std::size_t>(std::max(held.back().result, 0));
    }
    if (is_back(stream)) restart(stream);
    return bytes == sent.size();
  }));
  ASSERT_TRUE(finish(writing));
  std::string received;
  for (const StreamResult& each : held) {
    if (each.lease != nullptr) received += text_of(each);
    discard(stream.code, each);
  }
  EXPECT_TRUE(received == sent);
}

TEST_P(AheadConformance, a_stream_that_nobody_drains_is_given_one_buffer_where_every_one_is_lent) {
  Lender& lender = *driver().lender();
  std::vector<LentBuffer*> lent;
  for (const LentSize size : kLentSizes) {
    while (LentBuffer* buffer = lender.lend_numbered(size)) lent.push_back(buffer);
  }
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Stream& stream = read_stream(near, 8);
  hold(stream, pair.far.number(), {"held "});
  ASSERT_TRUE(turn_until_disarmed(stream));
  send_all(pair.far.number(), "left");
  settle();
  EXPECT_EQ(stream.room(), 7u);
  for (LentBuffer* each : lent) rota::give_back(*each);
  EXPECT_EQ(drain_until(stream, 9), "held left");
}

INSTANTIATE_TEST_SUITE_P(Drivers, AheadConformance, testing::ValuesIn(cells()), name_of);

}  // namespace
}  // namespace rota::conformance
