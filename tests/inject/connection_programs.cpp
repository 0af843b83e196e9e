#include "inject/program.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace rota::testing_inject {
namespace {

/// A message as large as is sent from where it lies.
constexpr std::size_t kLarge = 40'000;

template <class Stream>
struct Ends {
  Stream near;
  TcpStream far;

  Ends(Stream one, TcpStream other) : near(std::move(one)), far(std::move(other)) {}
};

/// The leaf of one accept or the other.
auto next_of(TcpListener& listener, std::type_identity<TcpStream>) { return listener.accept(); }
auto next_of(TcpListener& listener, std::type_identity<DirectStream>) {
  return listener.accept_direct();
}

/// A connection whose near end was accepted.
template <class Stream>
Task<std::optional<Ends<Stream>>> connected(Findings& findings) {
  auto listener = TcpListener::bind(Address::loopback(0));
  if (!findings.took(listener)) co_return std::nullopt;
  auto at = listener->local_address();
  if (!findings.took(at)) co_return std::nullopt;
  auto far = co_await TcpStream::connect(*at);
  if (!findings.took(far)) co_return std::nullopt;
  auto near = co_await next_of(*listener, std::type_identity<Stream>());
  if (!findings.took(near)) co_return std::nullopt;
  co_return Ends<Stream>(std::move(*near), std::move(*far));
}

Task<bool> write_in_place(Findings& findings, TcpStream& to) {
  const std::string text(kLarge, 'x');
  auto written = co_await to.write_all_in_place(bytes_of(text));
  const bool whole = findings.took(written);
  auto closed = co_await to.close();
  co_return findings.took(closed) && whole;
}

Task<bool> receive_to_the_end(Findings& findings, TcpStream& from) {
  std::size_t sum = 0;
  for (;;) {
    auto lease = co_await from.receive();
    if (!findings.took(lease)) co_return false;
    if (lease->empty()) break;
    sum += lease->size();
  }
  expect(!findings.numbers().empty() || sum == kLarge, "bytes were lost that were lent");
  co_return true;
}

Task<void> tcp_without_copies(Findings& findings) {
  auto connecting = connected<TcpStream>(findings);
  auto ends = co_await std::move(connecting);
  if (!ends) co_return;
  co_await run_both(write_in_place(findings, ends->far), receive_to_the_end(findings, ends->near));
}

constexpr int kMessages = 20;

Task<bool> write_messages(Findings& findings, TcpStream& to) {
  for (int i = 0; i < kMessages; ++i) {
    auto written = co_await to.write_all(bytes_of("message"));
    if (!findings.took(written)) co_return false;
    co_await yield();
  }
  auto closed = co_await to.close();
  co_return findings.took(closed);
}

Task<bool> receive_ahead_to_the_end(Findings& findings, TcpStream& from) {
  std::string text;
  for (;;) {
    auto lease = co_await from.receive_ahead();
    if (!findings.took(lease)) co_return false;
    if (lease->empty()) break;
    text.append(reinterpret_cast<const char*>(lease->bytes().data()), lease->size());
  }
  std::string wanted;
  for (int i = 0; i < kMessages; ++i) wanted += "message";
  expect(!findings.numbers().empty() || text == wanted, "other bytes came ahead than were sent");
  co_return true;
}

Task<void> tcp_received_ahead(Findings& findings) {
  auto connecting = connected<TcpStream>(findings);
  auto ends = co_await std::move(connecting);
  if (!ends) co_return;
  co_await run_both(write_messages(findings, ends->far),
                    receive_ahead_to_the_end(findings, ends->near));
}

/// One message there and back.
template <class Stream>
Task<bool> echo_once(Findings& findings, Stream& near, TcpStream& far) {
  auto written = co_await far.write_all(bytes_of("there"));
  if (!findings.took(written)) co_return false;
  auto there = co_await near.receive();
  if (!findings.took(there)) co_return false;
  written = co_await near.write_all(there->bytes());
  if (!findings.took(written)) co_return false;
  auto back = co_await far.receive();
  if (!findings.took(back)) co_return false;
  expect(back->size() == 5, "another message came back than was sent");
  co_return true;
}

Task<void> connection_without_a_number(Findings& findings) {
  auto connecting = connected<DirectStream>(findings);
  auto ends = co_await std::move(connecting);
  if (!ends) co_return;
  auto echoing = echo_once(findings, ends->near, ends->far);
  const bool echoed = co_await std::move(echoing);
  if (!echoed) co_return;
  auto ended = co_await ends->near.shutdown(ShutdownHalf::write);
  if (!findings.took(ended)) co_return;
  auto last = co_await ends->far.receive();
  if (!findings.took(last)) co_return;
  expect(last->empty(), "a connection that was shut down goes on");
  auto closed = co_await ends->near.close();
  findings.took(closed);
}

Task<void> connection_given_a_number(Findings& findings) {
  auto connecting = connected<DirectStream>(findings);
  auto ends = co_await std::move(connecting);
  if (!ends) co_return;
  auto installing = ends->near.install();
  auto numbered = co_await std::move(installing);
  if (!findings.took(numbered)) co_return;
  auto echoing = echo_once(findings, *numbered, ends->far);
  const bool echoed = co_await std::move(echoing);
  if (!echoed) co_return;
  auto closed = co_await numbered->close();
  findings.took(closed);
}

constexpr Program kPrograms[] = {
    {"tcp_without_copies", tcp_without_copies},
    {"tcp_received_ahead", tcp_received_ahead},
    {"connection_without_a_number", connection_without_a_number},
    {"connection_given_a_number", connection_given_a_number},
};

}  // namespace

std::span<const Program> connection_programs() noexcept { return kPrograms; }

}  // namespace rota::testing_inject
