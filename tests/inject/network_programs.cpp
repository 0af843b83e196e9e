#include "inject/program.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace rota::testing_inject {
namespace {

using Buffer = std::array<std::byte, 1024>;

/// Reads `text`, all of it, from a stream.
template <class Stream>
Task<bool> read_text(Findings& findings, Stream& from, std::string_view text) {
  Buffer buffer;
  std::string got;
  while (got.size() < text.size()) {
    auto count = co_await from.read(buffer);
    if (!findings.took(count) || *count == 0) co_return false;
    got.append(reinterpret_cast<const char*>(buffer.data()), *count);
  }
  expect(got == text, "other bytes came than were sent");
  co_return true;
}

template <class Stream>
Task<bool> write_and_close(Findings& findings, Stream& to, std::string_view text) {
  auto written = co_await to.write_all(bytes_of(text));
  const bool whole = findings.took(written);
  auto closed = co_await to.close();
  co_return findings.took(closed) && whole;
}

template <class Listener>
Task<bool> answer_one(Findings& findings, Listener& listener, std::string_view text) {
  auto peer = co_await listener.accept();
  if (!findings.took(peer)) co_return false;
  auto reading = read_text(findings, *peer, text);
  const bool read = co_await std::move(reading);
  if (!read) co_return false;
  auto writing = write_and_close(findings, *peer, text);
  co_return co_await std::move(writing);
}

template <class Stream>
Task<bool> ask(Findings& findings, Result<Stream> peer, std::string_view text) {
  if (!findings.took(peer)) co_return false;
  auto written = co_await peer->write_all(bytes_of(text));
  if (!findings.took(written)) co_return false;
  auto reading = read_text(findings, *peer, text);
  const bool read = co_await std::move(reading);
  auto closed = co_await peer->close();
  co_return findings.took(closed) && read;
}

Task<bool> ask_over_tcp(Findings& findings, Address at) {
  auto peer = co_await TcpStream::connect(at);
  auto asking = ask(findings, std::move(peer), "over TCP");
  co_return co_await std::move(asking);
}

Task<void> tcp_echo(Findings& findings) {
  auto listener = TcpListener::bind(Address::loopback(0));
  if (!findings.took(listener)) co_return;
  auto at = listener->local_address();
  if (!findings.took(at)) co_return;
  co_await run_both(answer_one(findings, *listener, "over TCP"), ask_over_tcp(findings, *at));
}

Task<bool> accept_with_patience(Findings& findings, TcpListener& listener) {
  auto peer = co_await accept_patiently(listener);
  if (!findings.took(peer)) co_return false;
  auto reading = read_text(findings, *peer, "over TCP");
  const bool read = co_await std::move(reading);
  if (!read) co_return false;
  auto writing = write_and_close(findings, *peer, "over TCP");
  co_return co_await std::move(writing);
}

Task<void> tcp_accept_patiently(Findings& findings) {
  auto listener = TcpListener::bind(Address::loopback(0));
  if (!findings.took(listener)) co_return;
  auto at = listener->local_address();
  if (!findings.took(at)) co_return;
  co_await run_both(accept_with_patience(findings, *listener), ask_over_tcp(findings, *at));
}

Task<bool> ask_whoever_answers(Findings& findings, std::vector<Address> at) {
  auto connecting = connect_to_any(std::move(at));
  auto peer = co_await std::move(connecting);
  auto asking = ask(findings, std::move(peer), "to any");
  co_return co_await std::move(asking);
}

/// Whoever connects and goes again was the loser of a race.
Task<bool> answer_the_winner(Findings& findings, TcpListener& listener) {
  for (;;) {
    auto peer = co_await listener.accept();
    if (!findings.took(peer)) co_return false;
    auto reading = read_text(findings, *peer, "to any");
    const bool read = co_await std::move(reading);
    if (!read) continue;
    auto writing = write_and_close(findings, *peer, "to any");
    co_return co_await std::move(writing);
  }
}

Task<void> happy_eyeballs(Findings& findings) {
  auto listener = TcpListener::bind(Address::loopback(0));
  if (!findings.took(listener)) co_return;
  auto at = listener->local_address();
  if (!findings.took(at)) co_return;
  std::vector<Address> both{*at, *at};
  co_await run_both(answer_the_winner(findings, *listener),
                    ask_whoever_answers(findings, std::move(both)));
}

Task<bool> ask_over_unix(Findings& findings, UnixAddress at) {
  auto connecting = UnixStream::connect(at);
  auto peer = co_await std::move(connecting);
  auto asking = ask(findings, std::move(peer), "over a Unix socket");
  co_return co_await std::move(asking);
}

Task<void> unix_echo(Findings& findings) {
  auto listener = UnixListener::bind(UnixAddress());
  if (!findings.took(listener)) co_return;
  auto at = listener->local_address();
  if (!findings.took(at)) co_return;
  co_await run_both(answer_one(findings, *listener, "over a Unix socket"),
                    ask_over_unix(findings, *at));
}

Task<void> fd_passing(Findings& findings) {
  auto ends = UnixStream::pair();
  auto pipe = Pipe::make();
  if (!findings.took(ends) || !findings.took(pipe)) co_return;
  const std::array<int, 1> sent{pipe->reader.fd()};
  auto count = co_await ends->first.send_with_fds(bytes_of("fd"), sent);
  if (!findings.took(count)) co_return;
  Buffer buffer;
  std::array<OwnedFd, 1> received;
  auto came = co_await ends->second.receive_with_fds(buffer, received);
  if (!findings.took(came)) co_return;
  expect(came->bytes == 2 && came->fds == 1 && received[0].valid(), "a passed fd did not come");
}

Task<void> udp_datagrams(Findings& findings) {
  auto left = UdpSocket::bind(Address::loopback(0));
  auto right = UdpSocket::bind(Address::loopback(0));
  if (!findings.took(left) || !findings.took(right)) co_return;
  auto at = right->local_address();
  if (!findings.took(at)) co_return;
  auto sent = co_await left->send_to(bytes_of("one"), *at);
  if (!findings.took(sent)) co_return;
  Buffer buffer;
  auto came = co_await right->receive_from(buffer);
  if (!findings.took(came)) co_return;
  expect(came->bytes == 3 && !came->truncated, "another datagram came than was sent");
}

Task<void> udp_batches(Findings& findings) {
  auto left = UdpSocket::bind(Address::loopback(0));
  auto right = UdpSocket::bind(Address::loopback(0));
  if (!findings.took(left) || !findings.took(right)) co_return;
  auto at = right->local_address();
  if (!findings.took(at)) co_return;
  OutgoingBatch out(2);
  out.add(bytes_of("one"), *at);
  out.add(bytes_of("two"), *at);
  auto sent = co_await left->send_many(out);
  if (!findings.took(sent)) co_return;
  IncomingBatch in(2, 64);
  auto came = co_await right->receive_many(in);
  if (!findings.took(came)) co_return;
  expect(*came >= 1 && in[0].bytes == 3, "another batch came than was sent");
}

Task<void> unix_messages(Findings& findings) {
  auto datagrams = UnixDatagram::pair();
  auto packets = UnixPackets::pair();
  if (!findings.took(datagrams) || !findings.took(packets)) co_return;
  Buffer buffer;
  auto sent = co_await datagrams->first.send(bytes_of("datagram"));
  if (!findings.took(sent)) co_return;
  auto came = co_await datagrams->second.receive(buffer);
  if (!findings.took(came)) co_return;
  auto packet_sent = co_await packets->first.send(bytes_of("packet"));
  if (!findings.took(packet_sent)) co_return;
  auto packet_came = co_await packets->second.receive(buffer);
  if (!findings.took(packet_came)) co_return;
  expect(came->bytes == 8 && packet_came->bytes == 6, "another message came than was sent");
}

/// The hosts file knows the one, and a server that is not there the other.
Task<void> names(Findings& findings) {
  ResolverConfig config;
  config.servers = {Address::loopback(9)};
  config.timeout = Duration(20'000'000);
  config.tries = 1;
  Resolver resolver(std::move(config));
  auto finding = resolver.addresses("localhost", 80);
  auto found = co_await std::move(finding);
  if (found)
    expect(!found->empty(), "localhost has no address");
  else
    findings.add(found.error());
  auto asking = resolver.texts("nobody.answers.invalid.");
  auto texts = co_await std::move(asking);
  expect(!texts, "a name server answered where there is none");
  if (texts.error() != std::errc::connection_refused && texts.error() != std::errc::timed_out) {
    findings.add(texts.error());
  }
}

constexpr Program kPrograms[] = {
    {"tcp_echo", tcp_echo},
    {"tcp_accept_patiently", tcp_accept_patiently},
    {"happy_eyeballs", happy_eyeballs},
    {"unix_echo", unix_echo},
    {"fd_passing", fd_passing},
    {"udp_datagrams", udp_datagrams},
    {"udp_batches", udp_batches},
    {"unix_messages", unix_messages},
    {"names", names},
};

}  // namespace

std::span<const Program> network_programs() noexcept { return kPrograms; }

}  // namespace rota::testing_inject
