#include "net/net_fixture.hpp"

#include <system_error>

namespace rota::testing_net {
namespace {

class UdpTest : public NetTest {};
INSTANTIATE_TEST_SUITE_P(Drivers, UdpTest, kDrivers, name_of);

struct Two {
  UdpSocket near = UdpSocket::bind(Address::loopback(0)).value();
  UdpSocket far = UdpSocket::bind(Address::loopback(0)).value();
  Address near_at = near.local_address().value();
  Address far_at = far.local_address().value();
};

Task<void> send_and_answer() {
  Two two;
  Result<std::size_t> sent = co_await two.near.send_to(bytes_of("question"), two.far_at);
  EXPECT_EQ(sent.value_or(0), 8u);
  std::string text(64, '\0');
  Result<UdpDatagram> asked = co_await two.far.receive_from(room_in(text));
  EXPECT_TRUE(asked.has_value());
  EXPECT_EQ(text.substr(0, asked->bytes), "question");
  EXPECT_EQ(asked->from, two.near_at);
  EXPECT_FALSE(asked->truncated);
  Result<std::size_t> answered = co_await two.far.send_to(bytes_of("a long answer"), asked->from);
  EXPECT_EQ(answered.value_or(0), 13u);
  std::string small(6, '\0');
  Result<UdpDatagram> cut = co_await two.near.receive(room_in(small));
  EXPECT_EQ(small, "a long");
  EXPECT_TRUE(cut->truncated);
}

TEST_P(UdpTest, a_datagram_is_answered_and_a_cut_one_says_so) { run(send_and_answer()); }

Task<void> talk_when_connected() {
  Two two;
  UdpSocket stranger = UdpSocket::bind(Address::loopback(0)).value();
  EXPECT_TRUE(two.near.connect(two.far_at).has_value());
  EXPECT_EQ(two.near.peer_address().value(), two.far_at);
  Result<std::size_t> by_stranger = co_await stranger.send_to(bytes_of("psst"), two.near_at);
  EXPECT_TRUE(by_stranger.has_value());
  Result<std::size_t> by_peer = co_await two.far.send_to(bytes_of("hello"), two.near_at);
  EXPECT_TRUE(by_peer.has_value());
  std::string text(64, '\0');
  Result<UdpDatagram> got = co_await two.near.receive(room_in(text));
  EXPECT_EQ(text.substr(0, got->bytes), "hello") << "strangers are not heard";
  Result<std::size_t> sent = co_await two.near.send(bytes_of("to the peer"));
  EXPECT_EQ(sent.value_or(0), 11u);
  Result<UdpDatagram> received = co_await two.far.receive(room_in(text));
  EXPECT_EQ(received->bytes, 11u);
}

TEST_P(UdpTest, a_connected_socket_hears_its_peer_alone) { run(talk_when_connected()); }

Task<std::error_code> receive_one(UdpSocket& socket) {
  std::string text(64, '\0');
  Result<UdpDatagram> got = co_await socket.receive(room_in(text));
  co_return got ? std::error_code() : got.error();
}

Task<void> stop_a_receive() {
  Two two;
  std::string text(64, '\0');
  JoinHandle<std::error_code> waiting = spawn(receive_one(two.near));
  Result<void> parked = co_await sleep(Duration(1));
  EXPECT_TRUE(parked.has_value());
  waiting.request_stop();
  Joined<std::error_code> ended = co_await waiting.join();
  EXPECT_EQ(std::move(ended).value(), std::errc::operation_canceled);
  Result<std::size_t> sent = co_await two.far.send_to(bytes_of("kept"), two.near_at);
  EXPECT_TRUE(sent.has_value());
  Result<UdpDatagram> got = co_await two.near.receive(room_in(text));
  EXPECT_EQ(got->bytes, 4u);
}

TEST_P(UdpTest, a_stopped_receive_loses_nothing) { run(stop_a_receive()); }

Task<void> send_many_and_receive_many() {
  Two two;
  OutgoingBatch out(4);
  const std::string texts[] = {"one", "two", "three"};
  for (const std::string& each : texts) out.add(bytes_of(each), two.far_at);
  std::size_t sent = 0;
  while (out.size() > 0) {
    Result<std::size_t> some = co_await two.near.send_many(out);
    EXPECT_TRUE(some.has_value());
    if (!some) co_return;
    sent += *some;
  }
  EXPECT_EQ(sent, 3u);
  IncomingBatch in(8, 4);
  std::string all;
  for (std::size_t received = 0; received < 3;) {
    Result<std::size_t> some = co_await two.far.receive_many(in);
    EXPECT_TRUE(some.has_value());
    if (!some) co_return;
    for (std::size_t i = 0; i < in.size(); ++i) {
      all.append(reinterpret_cast<const char*>(in.bytes(i).data()), in.bytes(i).size());
      all += in[i].truncated ? '!' : ' ';
      EXPECT_EQ(in[i].from, two.near_at);
    }
    received += *some;
  }
  EXPECT_EQ(all, "one two thre!");
}

TEST_P(UdpTest, many_go_and_come_in_one_call) { run(send_many_and_receive_many()); }

Task<void> send_in_segments() {
  Two two;
  EXPECT_TRUE(two.far.set_receive_segments(true).has_value());
  const std::string text(2500, 'x');
  Result<std::size_t> sent = co_await two.near.send_segments(bytes_of(text), 1000, &two.far_at);
  EXPECT_EQ(sent.value_or(0), 2500u);
  std::string room(65'536, '\0');
  std::size_t received = 0;
  std::size_t datagrams = 0;
  while (received < 2500) {
    Result<UdpDatagram> got = co_await two.far.receive_from(room_in(room));
    EXPECT_TRUE(got.has_value());
    if (!got) co_return;
    const std::size_t each = got->segment_bytes != 0 ? got->segment_bytes : got->bytes;
    EXPECT_TRUE(each == 1000 || got->bytes == 500) << each;
    datagrams += (got->bytes + each - 1) / each;
    received += got->bytes;
  }
  EXPECT_EQ(datagrams, 3u);
}

TEST_P(UdpTest, the_kernel_cuts_and_joins_segments) { run(send_in_segments()); }

constexpr std::uint32_t kLoopbackInterface = 1;

Task<void> meet_in_a_group() {
  UdpOptions options;
  options.reuse_address = true;
  UdpSocket member = UdpSocket::bind(Address::any(0), options).value();
  const std::uint16_t port = member.local_address().value().port();
  const Address group = Address::parse("239.255.1.2:" + std::to_string(port)).value();
  Result<void> joined = member.join_group(group, kLoopbackInterface);
  EXPECT_TRUE(joined.has_value()) << joined.error().message();
  UdpSocket sender = UdpSocket::bind(Address::any(0)).value();
  EXPECT_TRUE(sender.set_multicast_interface(kLoopbackInterface).has_value());
  EXPECT_TRUE(sender.set_multicast_time_to_live(1).has_value());
  EXPECT_TRUE(sender.set_multicast_loop(true).has_value());
  Result<std::size_t> sent = co_await sender.send_to(bytes_of("to all"), group);
  EXPECT_TRUE(sent.has_value()) << sent.error().message();
  std::string text(64, '\0');
  Result<UdpDatagram> got = co_await member.receive(room_in(text));
  EXPECT_EQ(text.substr(0, got->bytes), "to all");
  EXPECT_TRUE(member.leave_group(group, kLoopbackInterface).has_value());
  EXPECT_FALSE(member.leave_group(group, kLoopbackInterface).has_value()) << "it has left";
}

TEST_P(UdpTest, a_member_of_a_group_gets_what_is_sent_to_it) { run(meet_in_a_group()); }

Task<void> send_to_all_hosts() {
  UdpSocket socket = UdpSocket::bind(Address::any(0)).value();
  const Address everybody = Address::parse("127.255.255.255:9").value();
  Result<std::size_t> refused = co_await socket.send_to(bytes_of("x"), everybody);
  EXPECT_EQ(refused.error(), std::errc::permission_denied);
  EXPECT_TRUE(socket.set_broadcast(true).has_value());
  Result<std::size_t> sent = co_await socket.send_to(bytes_of("x"), everybody);
  EXPECT_TRUE(sent.has_value());
}

TEST_P(UdpTest, a_broadcast_must_be_asked_for) { run(send_to_all_hosts()); }

Task<void> receive_both_families() {
  Result<UdpSocket> bound = UdpSocket::bind(Address::parse("[::]:0").value());
  if (!bound) co_return;  // No IPv6 here.
  const std::uint16_t port = bound->local_address().value().port();
  UdpSocket sender = UdpSocket::bind(Address::loopback(0)).value();
  Result<std::size_t> sent = co_await sender.send_to(bytes_of("v4"), Address::loopback(port));
  EXPECT_TRUE(sent.has_value());
  std::string text(64, '\0');
  Result<UdpDatagram> got = co_await bound->receive_from(room_in(text));
  EXPECT_EQ(got->bytes, 2u);
  EXPECT_TRUE(got->from.is_ipv6()) << "as a mapped address";
}

TEST_P(UdpTest, an_ipv6_socket_receives_ipv4_too) { run(receive_both_families()); }

}  // namespace
}  // namespace rota::testing_net
