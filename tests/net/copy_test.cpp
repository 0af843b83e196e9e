#include "net/net_fixture.hpp"

#include <rota/copy.hpp>
#include <rota/happy_eyeballs.hpp>
#include <rota/pipe.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <system_error>
#include <vector>

namespace rota::testing_net {
namespace {

class CopyTest : public NetTest {};
INSTANTIATE_TEST_SUITE_P(Drivers, CopyTest, kDrivers, name_of);

std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

template <class Writer>
Task<void> write_and_end(Writer writer, std::string text) {
  Result<void> written = co_await writer.write_all(bytes_of(text));
  EXPECT_TRUE(written.has_value());
  Result<void> closed = co_await writer.close();
  EXPECT_TRUE(closed.has_value());
}

template <class Reader>
Task<std::string> read_all(Reader reader) {
  Task<std::string> reading = read_to_end(reader);
  std::string text = co_await std::move(reading);
  co_return text;
}

/// `source` writes what `from` reads; what is copied `to` the other stream `sink` reads.
template <class Source, class From, class To, class Sink>
Task<void> copy_between(Source source, From from, To to, Sink sink) {
  const std::string text = pattern(500'000);
  JoinHandle<void> writing = spawn(write_and_end(std::move(source), text));
  JoinHandle<std::string> reading = spawn(read_all(std::move(sink)));
  std::uint64_t counted = 0;
  Task<Result<std::uint64_t>> copying = copy(from, to, &counted);
  Result<std::uint64_t> copied = co_await std::move(copying);
  EXPECT_EQ(copied.value_or(0), text.size());
  EXPECT_EQ(counted, text.size());
  Result<void> closed = co_await to.close();
  EXPECT_TRUE(closed.has_value());
  Joined<std::string> received = co_await reading.join();
  EXPECT_TRUE(std::move(received).value() == text);
  Joined<void> written = co_await writing.join();
  EXPECT_TRUE(written.has_value());
}

Task<void> copy_a_socket_to_a_pipe() {
  auto from = UnixStream::pair().value();
  Pipe to = Pipe::make().value();
  Task<void> copying = copy_between(std::move(from.first), std::move(from.second),
                                    std::move(to.writer), std::move(to.reader));
  co_await std::move(copying);
}

TEST_P(CopyTest, a_socket_is_copied_to_a_pipe) { run(copy_a_socket_to_a_pipe()); }

Task<void> copy_a_pipe_to_a_tcp_stream() {
  Pipe from = Pipe::make().value();
  TcpListener listener = TcpListener::bind(Address::loopback(0)).value();
  Result<TcpStream> to = co_await TcpStream::connect(listener.local_address().value());
  Result<TcpStream> sink = co_await listener.accept();
  Task<void> copying = copy_between(std::move(from.writer), std::move(from.reader), std::move(*to),
                                    std::move(*sink));
  co_await std::move(copying);
}

TEST_P(CopyTest, a_pipe_is_copied_to_a_tcp_stream) { run(copy_a_pipe_to_a_tcp_stream()); }

/// A stream that the kernel cannot splice, as it is not the kernel's.
struct Plain {
  UnixStream inner;

  CountAwait read(std::span<std::byte> into) { return inner.read(into); }
};

Task<void> copy_by_hand_to_a_socket() {
  auto from = UnixStream::pair().value();
  auto to = UnixStream::pair().value();
  Task<void> copying = copy_between(std::move(from.first), Plain{std::move(from.second)},
                                    std::move(to.first), std::move(to.second));
  co_await std::move(copying);
}

TEST_P(CopyTest, any_stream_is_copied) { run(copy_by_hand_to_a_socket()); }

template <class From, class To>
Task<std::error_code> copy_quietly(From& from, To& to, std::uint64_t& copied) {
  Task<Result<std::uint64_t>> copying = copy(from, to, &copied);
  Result<std::uint64_t> done = co_await std::move(copying);
  co_return done ? std::error_code() : done.error();
}

template <class From>
Task<void> stop_a_copy(UnixStream source, From from) {
  auto to = UnixStream::pair().value();
  Result<void> sent = co_await source.write_all(bytes_of("before"));
  EXPECT_TRUE(sent.has_value());
  std::uint64_t copied = 0;
  JoinHandle<std::error_code> copying = spawn(copy_quietly(from, to.first, copied));
  std::string text(6, '\0');
  for (std::size_t done = 0; done < text.size();) {
    Result<std::size_t> got = co_await to.second.read(room_in(text).subspan(done));
    if (got.value_or(0) == 0) break;
    done += *got;
  }
  EXPECT_EQ(text, "before");
  copying.request_stop();
  Joined<std::error_code> ended = co_await copying.join();
  EXPECT_EQ(std::move(ended).value(), std::errc::operation_canceled);
  EXPECT_EQ(copied, 6u);
}

Task<void> stop_both_kinds() {
  auto one = UnixStream::pair().value();
  Task<void> splicing = stop_a_copy(std::move(one.first), std::move(one.second));
  co_await std::move(splicing);
  auto other = UnixStream::pair().value();
  Task<void> by_hand = stop_a_copy(std::move(other.first), Plain{std::move(other.second)});
  co_await std::move(by_hand);
}

TEST_P(CopyTest, a_stopped_copy_says_how_much_was_taken) { run(stop_both_kinds()); }

template <class From>
Task<void> copy_to_nobody(UnixStream source, From from) {
  auto to = UnixStream::pair().value();
  Result<void> closed = co_await to.second.close();
  EXPECT_TRUE(closed.has_value());
  Result<void> sent = co_await source.write_all(bytes_of("x"));
  EXPECT_TRUE(sent.has_value());
  std::uint64_t copied = 1;
  Task<std::error_code> copying = copy_quietly(from, to.first, copied);
  std::error_code error = co_await std::move(copying);
  EXPECT_EQ(error, std::errc::broken_pipe);
  EXPECT_EQ(copied, 0u);
}

Task<void> fail_both_kinds() {
  auto one = UnixStream::pair().value();
  Task<void> splicing = copy_to_nobody(std::move(one.first), std::move(one.second));
  co_await std::move(splicing);
  auto other = UnixStream::pair().value();
  Task<void> by_hand = copy_to_nobody(std::move(other.first), Plain{std::move(other.second)});
  co_await std::move(by_hand);
}

TEST_P(CopyTest, a_copy_to_a_peer_that_is_gone_is_a_broken_pipe) { run(fail_both_kinds()); }

class HappyEyeballsTest : public NetTest {};
INSTANTIATE_TEST_SUITE_P(Drivers, HappyEyeballsTest, kDrivers, name_of);

TEST(HappyEyeballsOrder, the_families_take_turns_beginning_with_the_first) {
  const Address a4 = Address::parse("10.0.0.1:1").value();
  const Address b4 = Address::parse("10.0.0.2:1").value();
  const Address a6 = Address::parse("[fe80::1]:1").value();
  const Address b6 = Address::parse("[fe80::2]:1").value();
  const Address c6 = Address::parse("[fe80::3]:1").value();
  EXPECT_EQ(interleave_families({a6, b6, c6, a4, b4}), (std::vector{a6, a4, b6, b4, c6}));
  EXPECT_EQ(interleave_families({a4, b4}), (std::vector{a4, b4}));
  EXPECT_TRUE(interleave_families({}).empty());
}

/// An address of this host at which nobody listens, while this lives.
struct Refusing {
  Refusing() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const Address any = Address::loopback(0);
    EXPECT_EQ(::bind(socket.number(), any.native(), any.native_bytes()), 0);
    sockaddr_storage native{};
    socklen_t length = sizeof native;
    auto& generic = reinterpret_cast<sockaddr&>(native);
    EXPECT_EQ(::getsockname(socket.number(), &generic, &length), 0);
    address = Address::from_native(generic, length);
  }
  OwnedFd socket;
  Address address;
};

Task<void> pass_over_who_refuses() {
  const Refusing refusing;
  TcpListener listener = TcpListener::bind(Address::loopback(0)).value();
  const Address listening = listener.local_address().value();
  Task<Result<TcpStream>> connecting =
      connect_to_any({refusing.address, listening}, Duration(60'000'000'000));
  Result<TcpStream> connected = co_await std::move(connecting);
  EXPECT_TRUE(connected.has_value());
  if (connected) {
    EXPECT_EQ(connected->peer_address().value(), listening);
  }
}

TEST_P(HappyEyeballsTest, who_refuses_is_passed_over_at_once) { run(pass_over_who_refuses()); }

/// A listener whose queue is full, so that who connects gets no answer.
struct Silent {
  Silent() : listener(TcpListener::bind(Address::loopback(0), no_queue()).value()) {
    address = listener.local_address().value();
    for (int i = 0; i < 4; ++i) {
      waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      ::connect(waiting.back().number(), address.native(), address.native_bytes());
    }
  }
  static ListenOptions no_queue() {
    ListenOptions options;
    options.backlog = 0;
    return options;
  }
  TcpListener listener;
  Address address;
  std::vector<OwnedFd> waiting;
};

Task<void> overtake_who_is_silent() {
  Silent silent;
  TcpListener listener = TcpListener::bind(Address::loopback(0)).value();
  const Address listening = listener.local_address().value();
  Task<Result<TcpStream>> connecting =
      connect_to_any({silent.address, listening}, Duration(1'000'000));
  Result<TcpStream> connected = co_await std::move(connecting);
  EXPECT_TRUE(connected.has_value());
  if (connected) {
    EXPECT_EQ(connected->peer_address().value(), listening);
  }
}

TEST_P(HappyEyeballsTest, who_is_silent_is_overtaken) { run(overtake_who_is_silent()); }

Task<std::error_code> connect_quietly(std::vector<Address> addresses) {
  Task<Result<TcpStream>> connecting = connect_to_any(std::move(addresses), Duration(1'000'000));
  Result<TcpStream> connected = co_await std::move(connecting);
  co_return connected ? std::error_code() : connected.error();
}

Task<void> fail_everywhere() {
  const Refusing one;
  const Refusing other;
  std::vector<Address> both{one.address, other.address};
  Task<std::error_code> failing = connect_quietly(both);
  std::error_code refused = co_await std::move(failing);
  EXPECT_EQ(refused, std::errc::connection_refused);
  std::vector<Address> none;
  Task<std::error_code> nowhere = connect_quietly(none);
  std::error_code invalid = co_await std::move(nowhere);
  EXPECT_EQ(invalid, std::errc::invalid_argument);
  Silent silent;
  std::vector<Address> quiet{silent.address, silent.address};
  JoinHandle<std::error_code> waiting = spawn(connect_quietly(quiet));
  Result<void> parked = co_await sleep(Duration(5'000'000));
  EXPECT_TRUE(parked.has_value());
  waiting.request_stop();
  Joined<std::error_code> stopped = co_await waiting.join();
  EXPECT_EQ(std::move(stopped).value(), std::errc::operation_canceled);
}

TEST_P(HappyEyeballsTest, it_fails_when_all_do_and_when_it_is_stopped) { run(fail_everywhere()); }

}  // namespace
}  // namespace rota::testing_net
