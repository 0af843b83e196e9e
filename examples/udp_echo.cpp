// A UDP echo server, on 127.0.0.1:7777 or on the address given: takes as many datagrams as are
// there and answers them together. Try it with `nc -u 127.0.0.1 7777`; Ctrl-C ends it.

#include <rota/rota.hpp>

#include <cstdio>

rota::Task<void> echo(rota::Address at) {
  constexpr std::size_t most = 64;
  auto socket = rota::UdpSocket::bind(at).value();
  std::printf("listening on %s\n", socket.local_address().value().to_string().c_str());
  std::fflush(stdout);
  rota::IncomingBatch came(most, 2048);
  rota::OutgoingBatch answers(most);
  for (;;) {
    auto got = co_await socket.receive_many(came);
    // Somebody who is gone, perhaps; only a stop ends the service.
    if (!got && rota::is_canceled(got.error())) co_return;
    for (std::size_t i = 0; i < came.size(); ++i) answers.add(came.bytes(i), came[i].from);
    while (answers.size() > 0) {
      auto sent = co_await socket.send_many(answers);
      if (!sent && rota::is_canceled(sent.error())) co_return;
      if (!sent) answers.remove_first(1);
    }
  }
}

int main(int count, char** words) {
  auto at = rota::Address::parse(count > 1 ? words[1] : "127.0.0.1:7777");
  if (!at) {
    std::fprintf(stderr, "usage: udp_echo [ADDRESS:PORT]\n");
    return 2;
  }
  return rota::run(echo(*at));
}
