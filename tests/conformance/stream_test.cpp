// What moves through one connection, and in which order.
#include "conformance/conformance.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <cstring>
#include <thread>

namespace rota::conformance {
namespace {

TEST_P(Conformance, a_read_gets_what_was_written_before) {
  FdPair pair = tcp_pair();
  send_all(pair.far.number(), "hello");
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 5, op_whole);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, 5);
  EXPECT_EQ(text(reading), "hello");
}

TEST_P(Conformance, a_parked_read_gets_what_is_written_later) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 5, op_whole);
  settle();
  EXPECT_FALSE(is_back(reading)) << "there was nothing to read";
  send_all(pair.far.number(), "later");
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(text(reading), "later");
}

TEST_P(Conformance, a_write_reaches_the_peer) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& writing = write(near, "to the peer", op_whole);
  ASSERT_TRUE(finish(writing));
  EXPECT_EQ(writing.result, 11);
  EXPECT_EQ(receive(pair.far.number(), 11), "to the peer");
}

TEST_P(Conformance, a_plain_read_may_be_short_and_is_never_empty) {
  FdPair pair = tcp_pair();
  send_all(pair.far.number(), "abc");
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 100);
  ASSERT_TRUE(finish(reading));
  ASSERT_GE(reading.result, 1);
  ASSERT_LE(reading.result, 3);
  const std::size_t rest = 3 - static_cast<std::size_t>(reading.result);
  const std::string first = text(reading);
  EXPECT_EQ(first + (rest != 0 ? read_all(near, rest) : ""), "abc");
}

TEST_P(Conformance, two_parked_reads_are_served_in_order) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& first = read(near, 3, op_whole);
  Transfer& second = read(near, 3, op_whole);
  settle();
  send_all(pair.far.number(), "onetwo");
  ASSERT_TRUE(finish(first, second));
  EXPECT_EQ(text(first), "one");
  EXPECT_EQ(text(second), "two");
  EXPECT_LT(order_of(first), order_of(second));
}

TEST_P(Conformance, many_reads_of_one_turn_take_the_bytes_in_order) {
  FdPair pair = tcp_pair();
  const std::string sent = pattern(64);
  send_all(pair.far.number(), sent);
  Descriptor& near = adopt(std::move(pair.near));
  std::vector<const Operation*> all;
  for (std::size_t i = 0; i < sent.size(); ++i) all.push_back(&read(near, 1));
  ASSERT_TRUE(finish_all(all));
  std::string received;
  for (const Operation* reading : all) received += text(static_cast<const Transfer&>(*reading));
  EXPECT_EQ(received, sent);
  EXPECT_TRUE(std::ranges::is_sorted(all, {}, [&](auto* one) { return order_of(*one); }));
}

TEST_P(Conformance, two_whole_writes_larger_than_the_socket_buffer_keep_their_order) {
  FdPair pair = unix_pair();
  set_buffer_sizes(pair.near.number(), 16384);
  const std::string sent = pattern(2 << 20);
  Descriptor& near = adopt(std::move(pair.near));
  Descriptor& far = adopt(std::move(pair.far));
  Transfer& first = write(near, std::string_view(sent).substr(0, 1 << 20), op_whole);
  Transfer& second = write(near, std::string_view(sent).substr(1 << 20), op_whole);
  Transfer& reading = read(far, sent.size(), op_whole);
  ASSERT_TRUE(finish(first, second, reading));
  EXPECT_EQ(first.result, 1 << 20);
  EXPECT_EQ(second.result, 1 << 20);
  EXPECT_LT(order_of(first), order_of(second));
  EXPECT_TRUE(text(reading) == sent) << "the bytes of the two writes were mixed up";
}

TEST_P(Conformance, a_read_and_a_write_park_at_once_on_one_fd) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  const std::string filled = fill(near.fd);
  Transfer& reading = read(near, 4, op_whole);
  Transfer& writing = write(near, "tail", op_whole);
  settle();
  EXPECT_FALSE(is_back(reading));
  send_all(pair.far.number(), "back");
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(text(reading), "back");
  Descriptor& far = adopt(std::move(pair.far));
  const std::string received = read_all(far, filled.size() + 4);
  ASSERT_TRUE(finish(writing));
  EXPECT_EQ(writing.result, 4);
  EXPECT_TRUE(received == filled + "tail");
}

TEST_P(Conformance, a_parked_write_does_not_hold_up_reads) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  fill(near.fd);
  Transfer& writing = write(near, pattern(1 << 20), op_whole);
  settle();
  for (int i = 0; i < 20; ++i) {
    send_all(pair.far.number(), "ping");
    EXPECT_EQ(read_all(near, 4), "ping");
  }
  EXPECT_FALSE(is_back(writing)) << "nobody has read what it writes";
}

TEST_P(Conformance, a_whole_read_waits_for_every_byte) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 10, op_whole);
  send_all(pair.far.number(), "12345");
  settle();
  EXPECT_FALSE(is_back(reading)) << "half of it is not the whole";
  send_all(pair.far.number(), "67890");
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(text(reading), "1234567890");
}

TEST_P(Conformance, a_whole_read_ends_short_at_the_end_of_the_stream) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 10, op_whole);
  settle();
  send_all(pair.far.number(), "12345");
  pair.far.reset();
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, 5);
  EXPECT_EQ(text(reading), "12345");
}

TEST_P(Conformance, a_peek_leaves_the_bytes_where_they_are) {
  FdPair pair = tcp_pair();
  send_all(pair.far.number(), "look");
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& peek = read(near, 4, op_peek);
  ASSERT_TRUE(finish(peek));
  ASSERT_GE(peek.result, 1);
  EXPECT_EQ(text(peek), std::string("look").substr(0, static_cast<std::size_t>(peek.result)));
  EXPECT_EQ(read_all(near, 4), "look");
}

TEST_P(Conformance, a_parked_peek_then_a_read_see_the_same_bytes) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& peek = read(near, 1, op_peek);
  Transfer& reading = read(near, 1);
  settle();
  send_all(pair.far.number(), "x");
  ASSERT_TRUE(finish(peek, reading));
  EXPECT_EQ(text(peek), "x");
  EXPECT_EQ(text(reading), "x");
}

TEST_P(Conformance, a_vectored_write_is_gathered_in_order) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  VectorTransfer& writing = write_parts(OpCode::write_vector, near, {"ab", "", "cde", "f"});
  ASSERT_TRUE(finish(writing));
  ASSERT_GE(writing.result, 1);
  ASSERT_LE(writing.result, 6);
  const auto count = static_cast<std::size_t>(writing.result);
  EXPECT_EQ(receive(pair.far.number(), count), std::string("abcdef").substr(0, count));
}

TEST_P(Conformance, a_vectored_read_is_scattered_in_order) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  VectorTransfer& reading = read_parts(OpCode::read_vector, near, {2, 3, 4});
  settle();
  EXPECT_FALSE(is_back(reading));
  send_all(pair.far.number(), "abcdefg");
  ASSERT_TRUE(finish(reading));
  ASSERT_GE(reading.result, 1);
  ASSERT_LE(reading.result, 7);
  const auto count = static_cast<std::size_t>(reading.result);
  EXPECT_EQ(text(reading) + (count < 7 ? read_all(near, 7 - count) : ""), "abcdefg");
}

TEST_P(Conformance, transfers_of_no_bytes_complete_and_take_nothing) {
  FdPair pair = tcp_pair();
  send_all(pair.far.number(), "kept");
  Descriptor& near = adopt(std::move(pair.near));
  Poll& arrived = poll(near, POLLIN);
  ASSERT_TRUE(finish(arrived));
  Transfer& reading = read(near, 0);
  Transfer& writing = write(near, "");
  Transfer& whole = write(near, "", op_whole);
  ASSERT_TRUE(finish(reading, writing, whole));
  EXPECT_EQ(reading.result, 0);
  EXPECT_EQ(writing.result, 0);
  EXPECT_EQ(whole.result, 0);
  EXPECT_EQ(read_all(near, 4), "kept");
}

TEST_P(Conformance, a_pipe_is_read_and_written_like_a_socket) {
  FdPair pair = pipe_pair();
  Descriptor& reader = adopt(std::move(pair.near), FdKind::stream);
  Descriptor& writer = adopt(std::move(pair.far), FdKind::stream);
  const std::string sent = pattern(300'000);
  Transfer& reading = read(reader, sent.size(), op_whole);
  Transfer& writing = write(writer, sent, op_whole);
  ASSERT_TRUE(finish(reading, writing));
  EXPECT_EQ(writing.result, 300'000);
  EXPECT_TRUE(text(reading) == sent);
}

TEST_P(Conformance, a_parked_read_of_an_eventfd_gets_its_counter) {
  Fd counter(::eventfd(0, EFD_CLOEXEC));
  const int raw = counter.number();
  Descriptor& near = adopt(std::move(counter), FdKind::stream);
  Transfer& reading = read(near, 8);
  settle();
  EXPECT_FALSE(is_back(reading));
  ASSERT_EQ(::eventfd_write(raw, 7), 0);
  ASSERT_TRUE(finish(reading));
  ASSERT_EQ(reading.result, 8);
  std::uint64_t count = 0;
  std::memcpy(&count, reading.data, sizeof count);
  EXPECT_EQ(count, 7u);
}

TEST_P(Conformance, a_conversation_of_a_thousand_messages_loses_nothing) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Descriptor& far = adopt(std::move(pair.far));
  for (unsigned i = 0; i < 1000; ++i) {
    const std::string message = pattern(1 + i % 97, i);
    Transfer& asked = read(far, message.size(), op_whole);
    Transfer& asking = write(near, message, op_whole);
    ASSERT_TRUE(finish(asked, asking));
    ASSERT_EQ(text(asked), message) << "message " << i;
    Transfer& answering = write(far, message, op_whole);
    Transfer& answer = read(near, message.size(), op_whole);
    ASSERT_TRUE(finish(answering, answer));
    ASSERT_EQ(text(answer), message) << "message " << i;
  }
}

TEST_P(Conformance, a_write_in_place_reaches_the_peer_and_lets_the_bytes_go) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  // Below the size from which they are sent in place, and above it.
  for (const std::size_t bytes : {std::size_t{10}, std::size_t{40'000}}) {
    const std::string sent = pattern(bytes);
    std::string came;
    std::thread peer([&] { came = receive(pair.far.number(), bytes); });
    Transfer& writing = write_in_place(near, sent, op_whole);
    const bool ended = finish(writing);
    if (ended) std::memset(writing.data, 'x', bytes);  // Nobody reads it any more.
    peer.join();
    ASSERT_TRUE(ended);
    EXPECT_EQ(writing.result, static_cast<std::int32_t>(bytes));
    EXPECT_EQ(came, sent);
  }
}

TEST_P(Conformance, a_write_in_place_to_a_unix_socket_is_a_write) {
  FdPair pair = unix_pair();
  Descriptor& near = adopt(std::move(pair.near));
  const std::string sent = pattern(40'000);
  for (int i = 0; i < 2; ++i) {
    Transfer& writing = write_in_place(near, sent, op_whole);
    ASSERT_TRUE(finish(writing));
    ASSERT_EQ(writing.result, static_cast<std::int32_t>(sent.size()));
    EXPECT_EQ(receive(pair.far.number(), sent.size()), sent);
  }
}

TEST_P(Conformance, a_cancelled_write_in_place_tells_how_much_went) {
  FdPair pair = unix_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& writing = write_in_place(near, pattern(8 << 20), op_whole);
  settle();
  EXPECT_FALSE(is_back(writing)) << "nobody reads";
  cancel(writing);
  ASSERT_TRUE(finish(writing));
  EXPECT_EQ(writing.result, -ECANCELED);
  EXPECT_LT(writing.moved, writing.bytes);
  EXPECT_EQ(receive(pair.far.number(), writing.moved), pattern(8 << 20).substr(0, writing.moved));
}

TEST_P(Conformance, a_write_in_place_to_a_peer_that_is_gone_fails) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  close_with_reset(pair.far);
  Transfer& first = write_in_place(near, pattern(40'000), op_whole);
  ASSERT_TRUE(finish(first));
  EXPECT_TRUE(first.result == -ECONNRESET || first.result == -EPIPE) << first.result;
}

}  // namespace
}  // namespace rota::conformance
