// A relay from TCP to a Unix socket: what connects to 127.0.0.1:7777, or to the address given,
// talks to whoever listens at the path. The kernel moves the bytes. Try it between `socat
// UNIX-LISTEN:/tmp/echo,fork PIPE` and `nc 127.0.0.1 7777`; Ctrl-C ends it.

#include <rota/rota.hpp>

#include <cstdio>

/// Until `from` ends, which it tells `to` by ending that half.
template <class From, class To>
rota::Task<void> pass_on(From& from, To& to) {
  rota::Task<rota::Result<std::uint64_t>> copying = rota::copy(from, to);
  rota::Result<std::uint64_t> copied = co_await std::move(copying);
  static_cast<void>(copied);
  rota::Result<void> ended = to.shutdown(rota::ShutdownHalf::write);
  static_cast<void>(ended);
}

rota::Task<void> relay(rota::TcpStream client, rota::UnixAddress to) {
  rota::Task<rota::Result<rota::UnixStream>> connecting = rota::UnixStream::connect(to);
  rota::Result<rota::UnixStream> server = co_await std::move(connecting);
  if (!server) {
    std::fprintf(stderr, "%s: %s\n", to.to_string().c_str(), server.error().message().c_str());
    co_return;
  }
  // Both have ended, stopped or not, before the streams go.
  auto both = co_await rota::join_all(pass_on(*server, client), pass_on(client, *server));
  static_cast<void>(both);
}

rota::Task<void> serve(rota::Address at, rota::UnixAddress to) {
  auto listener = rota::TcpListener::bind(at).value();
  std::printf("listening on %s\n", listener.local_address().value().to_string().c_str());
  std::fflush(stdout);
  for (;;) {
    rota::Task<rota::Result<rota::TcpStream>> accepting = rota::accept_patiently(listener);
    rota::Result<rota::TcpStream> client = co_await std::move(accepting);
    if (!client) co_return;
    rota::spawn(relay(std::move(*client), to));
  }
}

int main(int count, char** words) {
  auto at = rota::Address::parse(count > 1 ? words[1] : "127.0.0.1:7777");
  auto to = rota::UnixAddress::path(count > 2 ? words[2] : "/tmp/echo");
  if (!at || !to) {
    std::fprintf(stderr, "usage: relay [ADDRESS:PORT [PATH]]\n");
    return 2;
  }
  return rota::run(serve(*at, *to));
}
