// The first step of docs/guide.md: a server that takes lines and gives them back.

// [lines]
#include <rota/rota.hpp>

#include <cstdio>
#include <string>

constexpr std::size_t most_line_bytes = 1000;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

rota::Task<void> session(rota::TcpStream peer) {
  rota::BufferedReader<rota::TcpStream> lines(peer);
  for (;;) {
    auto line = co_await lines.read_line(most_line_bytes);
    if (!line || !*line) co_return;  // an error, or the end of the stream
    const std::string answer = **line + "\n";
    auto sent = co_await peer.write_all(bytes_of(answer));
    if (!sent) co_return;
  }
}
// [/lines]

// [accept]
rota::Task<void> serve(rota::Address at) {
  auto listener = rota::TcpListener::bind(at).value();
  std::printf("listening on %s\n", listener.local_address().value().to_string().c_str());
  std::fflush(stdout);
  for (;;) {
    auto peer = co_await rota::accept_patiently(listener);
    if (!peer) co_return;
    rota::spawn(session(std::move(*peer)));
  }
}

int main(int count, char** words) {
  auto at = rota::Address::parse(count > 1 ? words[1] : "127.0.0.1:7777");
  if (!at) {
    std::fprintf(stderr, "usage: 1_lines [ADDRESS:PORT]\n");
    return 2;
  }
  return rota::run(serve(*at));
}
// [/accept]
