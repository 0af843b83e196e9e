// Datagrams and what goes beside bytes, one at a time and many at once.
#include "conformance/conformance.hpp"
#include "open_fds.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace rota::conformance {
namespace {

TEST_P(Conformance, a_datagram_arrives_whole_and_says_where_it_comes_from) {
  UdpSocket receiver = udp_socket();
  UdpSocket sender = udp_socket();
  Descriptor& near = adopt(std::move(receiver.socket));
  Descriptor& far = adopt(std::move(sender.socket));
  Message& sending = send_message(far, "to whom it concerns", &receiver.address);
  Message& receiving = receive_message(near, 100);
  ASSERT_TRUE(finish(sending, receiving));
  EXPECT_EQ(sending.result, 19);
  EXPECT_EQ(text(receiving), "to whom it concerns");
  sockaddr_in from{};
  std::memcpy(&from, receiving.header->msg_name, sizeof from);
  EXPECT_EQ(from.sin_port, sender.address.sin_port);
  EXPECT_EQ(receiving.header->msg_flags & MSG_TRUNC, 0);
}

TEST_P(Conformance, parked_receives_get_later_datagrams_in_order) {
  FdPair pair = datagram_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Message& first = receive_message(near, 16);
  Message& second = receive_message(near, 16);
  settle();
  EXPECT_FALSE(is_back(first)) << "there was nothing to receive";
  send_all(pair.far.number(), "one");
  send_all(pair.far.number(), "two");
  ASSERT_TRUE(finish(first, second));
  EXPECT_EQ(text(first), "one");
  EXPECT_EQ(text(second), "two");
  EXPECT_LT(order_of(first), order_of(second));
}

TEST_P(Conformance, a_datagram_that_does_not_fit_is_cut_and_says_so) {
  FdPair pair = datagram_pair();
  send_all(pair.far.number(), "too long for it");
  send_all(pair.far.number(), "next");
  Descriptor& near = adopt(std::move(pair.near));
  Message& cut = receive_message(near, 8);
  Message& next = receive_message(near, 8);
  ASSERT_TRUE(finish(cut, next));
  EXPECT_EQ(text(cut), "too long");
  EXPECT_NE(cut.header->msg_flags & MSG_TRUNC, 0);
  EXPECT_EQ(text(next), "next");
}

TEST_P(Conformance, an_empty_datagram_is_one_too) {
  FdPair pair = datagram_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Descriptor& far = adopt(std::move(pair.far));
  Message& receiving = receive_message(near, 8);
  settle();
  Message& sending = send_message(far, "");
  ASSERT_TRUE(finish(sending, receiving));
  EXPECT_EQ(sending.result, 0);
  EXPECT_EQ(receiving.result, 0);
}

TEST_P(Conformance, a_datagram_longer_than_any_is_refused) {
  UdpSocket receiver = udp_socket();
  Descriptor& far = adopt(std::move(udp_socket().socket));
  Message& sending = send_message(far, pattern(70'000), &receiver.address);
  ASSERT_TRUE(finish(sending));
  EXPECT_EQ(sending.result, -EMSGSIZE);
}

TEST_P(Conformance, a_cancelled_receive_loses_no_datagram) {
  FdPair pair = datagram_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Message& receiving = receive_message(near, 16);
  settle();
  cancel(receiving);
  ASSERT_TRUE(finish(receiving));
  EXPECT_EQ(receiving.result, -ECANCELED);
  send_all(pair.far.number(), "kept");
  Message& next = receive_message(near, 16);
  ASSERT_TRUE(finish(next));
  EXPECT_EQ(text(next), "kept");
}

TEST_P(Conformance, a_close_ends_receives_and_sends_that_wait) {
  FdPair pair = datagram_pair();
  Descriptor& near = adopt(std::move(pair.near));
  fill(near.fd);
  Message& sending = send_message(near, pattern(4096));
  Message& receiving = receive_message(near, 16);
  settle();
  ASSERT_FALSE(is_back(sending)) << "there is no room";
  Operation& closing = start_close(near);
  ASSERT_TRUE(finish(sending, receiving, closing));
  EXPECT_EQ(sending.result, -ECANCELED);
  EXPECT_EQ(receiving.result, -ECANCELED);
  EXPECT_LT(order_of(receiving), order_of(closing));
}

TEST_P(Conformance, a_send_waits_for_room_and_then_arrives) {
  FdPair pair = datagram_pair();
  Descriptor& near = adopt(std::move(pair.near));
  const std::size_t before = fill(near.fd).size() / 4096;
  Message& sending = send_message(near, "last");
  settle();
  ASSERT_FALSE(is_back(sending)) << "there is no room";
  for (std::size_t i = 0; i < before; ++i) receive(pair.far.number(), 4096);
  ASSERT_TRUE(finish(sending));
  EXPECT_EQ(sending.result, 4);
  EXPECT_EQ(receive(pair.far.number(), 4), "last");
}

TEST_P(Conformance, a_send_that_must_not_wait_says_that_it_would) {
  FdPair pair = datagram_pair();
  Descriptor& near = adopt(std::move(pair.near));
  fill(near.fd);
  Message& sending = send_at_once(near, "now or never");
  ASSERT_TRUE(finish(sending));
  EXPECT_EQ(sending.result, -EAGAIN);
}

TEST_P(Conformance, a_datagram_to_where_nobody_is_comes_back_as_an_error) {
  UdpSocket nobody = udp_socket();
  nobody.socket.reset();
  UdpSocket sender = udp_socket();
  const auto* to = reinterpret_cast<const sockaddr*>(&nobody.address);
  ASSERT_EQ(::connect(sender.socket.number(), to, sizeof nobody.address), 0);
  Descriptor& near = adopt(std::move(sender.socket));
  Message& receiving = receive_message(near, 16);
  settle();
  Message& sending = send_message(near, "anybody?");
  ASSERT_TRUE(finish(sending, receiving));
  EXPECT_EQ(receiving.result, -ECONNREFUSED);
}

TEST_P(Conformance, an_fd_travels_beside_bytes_and_is_closed_on_exec) {
  FdPair pair = unix_pair();
  FdPair passed = pipe_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Descriptor& far = adopt(std::move(pair.far));
  Message& receiving = receive_message(near, 16, CMSG_SPACE(sizeof(int)));
  Message& sending = send_fd(far, "here", passed.near.number());
  ASSERT_TRUE(finish(sending, receiving));
  EXPECT_EQ(text(receiving), "here");
  const cmsghdr* beside = CMSG_FIRSTHDR(receiving.header);
  ASSERT_NE(beside, nullptr);
  ASSERT_EQ(beside->cmsg_type, SCM_RIGHTS);
  int number = -1;
  std::memcpy(&number, CMSG_DATA(beside), sizeof number);
  const Fd got(number);
  EXPECT_TRUE(is_close_on_exec(got.number()));
  ASSERT_EQ(::write(passed.far.number(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(got.number(), &byte, 1), 1);
}

TEST_P(Conformance, an_fd_for_which_there_is_no_room_is_not_left_open) {
  FdPair pair = unix_pair();
  FdPair passed = unix_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Descriptor& far = adopt(std::move(pair.far));
  const std::size_t before = leaks::open_fds();
  Message& sending = send_fd(far, "here", passed.near.number());
  Message& receiving = receive_message(near, 16, CMSG_LEN(0));
  ASSERT_TRUE(finish(sending, receiving));
  EXPECT_EQ(text(receiving), "here");
  EXPECT_NE(receiving.header->msg_flags & MSG_CTRUNC, 0);
  EXPECT_EQ(leaks::open_fds(), before);
}

TEST_P(Conformance, a_batch_takes_the_datagrams_that_are_there) {
  FdPair pair = datagram_pair();
  for (const char* each : {"a", "bc", "def"}) send_all(pair.far.number(), each);
  Descriptor& near = adopt(std::move(pair.near));
  MessageBatch& batch = receive_batch(near, 8, 2);
  ASSERT_TRUE(finish(batch));
  ASSERT_EQ(batch.result, 3);
  EXPECT_EQ(text(batch, 0), "a");
  EXPECT_EQ(text(batch, 1), "bc");
  EXPECT_EQ(text(batch, 2), "de");
  EXPECT_NE(batch.messages[2].msg_hdr.msg_flags & MSG_TRUNC, 0);
}

TEST_P(Conformance, a_parked_batch_gets_later_datagrams_before_the_receive_behind_it) {
  FdPair pair = datagram_pair();
  Descriptor& near = adopt(std::move(pair.near));
  MessageBatch& batch = receive_batch(near, 1, 16);
  Message& behind = receive_message(near, 16);
  settle();
  EXPECT_FALSE(is_back(batch));
  send_all(pair.far.number(), "one");
  send_all(pair.far.number(), "two");
  ASSERT_TRUE(finish(batch, behind));
  EXPECT_EQ(batch.result, 1);
  EXPECT_EQ(text(batch, 0), "one");
  EXPECT_EQ(text(behind), "two");
}

TEST_P(Conformance, a_cancelled_batch_loses_no_datagram) {
  FdPair pair = datagram_pair();
  Descriptor& near = adopt(std::move(pair.near));
  MessageBatch& batch = receive_batch(near, 4, 16);
  settle();
  cancel(batch);
  ASSERT_TRUE(finish(batch));
  EXPECT_EQ(batch.result, -ECANCELED);
  send_all(pair.far.number(), "kept");
  MessageBatch& next = receive_batch(near, 4, 16);
  ASSERT_TRUE(finish(next));
  ASSERT_EQ(next.result, 1);
  EXPECT_EQ(text(next, 0), "kept");
}

TEST_P(Conformance, a_close_ends_batches_that_wait) {
  FdPair pair = datagram_pair();
  Descriptor& near = adopt(std::move(pair.near));
  fill(near.fd);
  MessageBatch& receiving = receive_batch(near, 4, 16);
  MessageBatch& sending = send_batch(near, {pattern(4096)});
  settle();
  Operation& closing = start_close(near);
  ASSERT_TRUE(finish(receiving, sending, closing));
  EXPECT_EQ(receiving.result, -ECANCELED);
  EXPECT_EQ(sending.result, -ECANCELED);
}

TEST_P(Conformance, a_batch_is_sent_in_order) {
  FdPair pair = datagram_pair();
  Descriptor& near = adopt(std::move(pair.near));
  MessageBatch& batch = send_batch(near, {"first", "second", "third"});
  ASSERT_TRUE(finish(batch));
  ASSERT_EQ(batch.result, 3);
  EXPECT_EQ(receive(pair.far.number(), 5), "first");
  EXPECT_EQ(receive(pair.far.number(), 6), "second");
  EXPECT_EQ(receive(pair.far.number(), 5), "third");
}

TEST_P(Conformance, a_batch_sends_what_there_is_room_for_and_says_how_many) {
  FdPair pair = datagram_pair();
  Descriptor& near = adopt(std::move(pair.near));
  set_buffer_sizes(near.fd, 16384);
  const std::string large = pattern(8192);
  MessageBatch& batch = send_batch(near, {large, large, large, large, large, large, large, large});
  ASSERT_TRUE(finish(batch));
  ASSERT_GE(batch.result, 1);
  ASSERT_LT(batch.result, 8);
  for (int i = 0; i < batch.result; ++i) {
    EXPECT_TRUE(receive(pair.far.number(), large.size()) == large);
  }
  std::byte none;
  EXPECT_EQ(::recv(pair.far.number(), &none, 1, MSG_DONTWAIT), -1);
}

}  // namespace
}  // namespace rota::conformance
