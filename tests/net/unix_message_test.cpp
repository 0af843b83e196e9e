#include "net/net_fixture.hpp"
#include "open_fds.hpp"

#include <unistd.h>

#include <array>
#include <system_error>

namespace rota::testing_net {
namespace {

class UnixMessageTest : public NetTest {};
INSTANTIATE_TEST_SUITE_P(Drivers, UnixMessageTest, kDrivers, name_of);

Task<void> send_datagrams() {
  UnixDatagram server = UnixDatagram::bind(UnixAddress()).value();
  UnixDatagram client = UnixDatagram::bind(UnixAddress()).value();
  Task<Result<std::size_t>> sending =
      client.send_to(bytes_of("question"), server.local_address().value());
  Result<std::size_t> sent = co_await std::move(sending);
  EXPECT_EQ(sent.value_or(0), 8u);
  std::string text(4, '\0');
  Result<UnixMessage> got = co_await server.receive_from(room_in(text));
  EXPECT_EQ(text, "ques");
  EXPECT_TRUE(got->truncated);
  EXPECT_EQ(got->from, client.local_address().value());
  EXPECT_TRUE(server.connect(got->from).has_value());
  Result<std::size_t> answered = co_await server.send(bytes_of("yes"));
  EXPECT_EQ(answered.value_or(0), 3u);
  Result<UnixMessage> answer = co_await client.receive(room_in(text));
  EXPECT_EQ(answer->bytes, 3u);
}

TEST_P(UnixMessageTest, datagrams_say_where_they_come_from) { run(send_datagrams()); }

Task<std::size_t> send_until_stopped(UnixDatagram& from, UnixAddress to, std::size_t count) {
  const std::string text(100, 'x');
  for (std::size_t i = 0; i < count; ++i) {
    Task<Result<std::size_t>> sending = from.send_to(bytes_of(text), to);
    Result<std::size_t> sent = co_await std::move(sending);
    if (!sent) co_return i;
  }
  co_return count;
}

/// The queue of a receiver holds a few (net.unix.max_dgram_qlen); the rest waits.
Task<void> send_to_a_full_receiver() {
  constexpr std::size_t kMessages = 1000;
  UnixDatagram receiver = UnixDatagram::bind(UnixAddress()).value();
  UnixDatagram sender = UnixDatagram::unbound().value();
  JoinHandle<std::size_t> sending =
      spawn(send_until_stopped(sender, receiver.local_address().value(), kMessages));
  std::string text(200, '\0');
  for (std::size_t i = 0; i < kMessages; ++i) {
    Result<UnixMessage> got = co_await receiver.receive(room_in(text));
    EXPECT_EQ(got->bytes, 100u);
  }
  Joined<std::size_t> sent = co_await sending.join();
  EXPECT_EQ(std::move(sent).value(), kMessages);
}

TEST_P(UnixMessageTest, a_send_to_a_full_receiver_waits) { run(send_to_a_full_receiver()); }

Task<void> talk_in_packets() {
  UnixPacketsListener listener = UnixPacketsListener::bind(UnixAddress()).value();
  Task<Result<UnixPackets>> connecting = UnixPackets::connect(listener.local_address().value());
  Result<UnixPackets> client = co_await std::move(connecting);
  EXPECT_TRUE(client.has_value());
  Result<UnixPackets> server = co_await listener.accept();
  EXPECT_TRUE(server.has_value());
  EXPECT_EQ(server->peer_credentials().value().process, ::getpid());
  for (const char* each : {"one", "two", "too long"}) {
    Result<std::size_t> sent = co_await client->send(bytes_of(each));
    EXPECT_TRUE(sent.has_value());
  }
  EXPECT_TRUE(client->shutdown(ShutdownHalf::write).has_value());
  std::string text(3, '\0');
  Result<UnixMessage> one = co_await server->receive(room_in(text));
  EXPECT_EQ(text, "one");
  Result<UnixMessage> two = co_await server->receive(room_in(text));
  EXPECT_EQ(text, "two");
  Result<UnixMessage> cut = co_await server->receive(room_in(text));
  EXPECT_EQ(text, "too");
  EXPECT_FALSE(one->truncated || two->truncated);
  EXPECT_TRUE(cut->truncated);
  Result<UnixMessage> end = co_await server->receive(room_in(text));
  EXPECT_EQ(end->bytes, 0u);
}

TEST_P(UnixMessageTest, packets_keep_their_bounds) { run(talk_in_packets()); }

Task<void> pass_an_fd_in_each() {
  auto datagrams = UnixDatagram::pair();
  auto packets = UnixPackets::pair();
  int pipe_ends[2];
  EXPECT_EQ(::pipe(pipe_ends), 0);
  const OwnedFd reader(pipe_ends[0]);
  const OwnedFd writer(pipe_ends[1]);
  std::string text(8, '\0');
  std::array<OwnedFd, 2> fds;
  Result<std::size_t> sent = co_await datagrams->first.send_with_fds(bytes_of("a"), pipe_ends);
  EXPECT_EQ(sent.value_or(0), 1u);
  Result<BytesAndFds> got = co_await datagrams->second.receive_with_fds(room_in(text), fds);
  EXPECT_EQ(got->fds, 2u);
  sent = co_await packets->first.send_with_fds(bytes_of("b"), pipe_ends);
  EXPECT_EQ(sent.value_or(0), 1u);
  got = co_await packets->second.receive_with_fds(room_in(text), fds);
  EXPECT_EQ(got->fds, 2u);
}

TEST_P(UnixMessageTest, fds_travel_with_messages) { run(pass_an_fd_in_each()); }

/// What a plain receive does not ask for is closed by the kernel.
Task<void> receive_without_asking() {
  auto ends = UnixDatagram::pair();
  const std::array<OwnedFd, 2> passed = socket_ends();
  const std::array<int, 2> numbers{passed[0].number(), passed[1].number()};
  const std::size_t before = leaks::open_fds();
  Result<std::size_t> sent = co_await ends->first.send_with_fds(bytes_of("a"), numbers);
  EXPECT_EQ(sent.value_or(0), 1u);
  std::string text(8, '\0');
  Result<UnixMessage> got = co_await ends->second.receive(room_in(text));
  EXPECT_EQ(got->bytes, 1u);
  EXPECT_EQ(leaks::open_fds(), before) << "an fd that nobody asked for is open";
}

TEST_P(UnixMessageTest, fds_that_nobody_asked_for_are_closed) { run(receive_without_asking()); }

}  // namespace
}  // namespace rota::testing_net
