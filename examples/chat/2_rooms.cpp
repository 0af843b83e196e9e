// The second step of docs/guide.md: what one says, all in the room are told.

#include <rota/rota.hpp>

#include <cstdio>
#include <map>
#include <memory>
#include <string>

constexpr std::size_t most_line_bytes = 1000;
constexpr std::size_t most_lines_behind = 64;

// [room]
/// One text for all who are told it.
using Line = std::shared_ptr<const std::string>;

struct Room {
  rota::Broadcast<Line> lines{most_lines_behind};
};
using Rooms = std::map<std::string, Room>;
// [/room]

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// [deliver]
/// Tells the peer what is said, until it cannot be told any more.
rota::Task<void> deliver(rota::TcpStream& peer, rota::BroadcastReader<Line> coming) {
  for (;;) {
    auto next = co_await coming.receive();
    Line line;
    if (next) {
      line = *next;
    } else {
      const auto missed = rota::values_missed(next.error());
      if (missed == 0) co_return;  // stopped
      line = std::make_shared<const std::string>("! " + std::to_string(missed) + " missed\n");
    }
    auto sent = co_await peer.write_all(bytes_of(*line));
    if (!sent) co_return;
  }
}
// [/deliver]

// [listen]
/// Says in the room what the peer writes, until there is no more.
rota::Task<void> listen(rota::BufferedReader<rota::TcpStream>& from, Room& room) {
  for (;;) {
    auto line = co_await from.read_line(most_line_bytes);
    if (!line || !*line) co_return;
    auto sent = room.lines.send(std::make_shared<const std::string>(**line + "\n"));
    if (!sent) co_return;
  }
}
// [/listen]

// [session]
rota::Task<void> session(rota::TcpStream peer, Rooms& rooms) {
  rota::BufferedReader<rota::TcpStream> lines(peer);
  auto name = co_await lines.read_line(most_line_bytes);  // the first line names the room
  if (!name || !*name) co_return;
  Room& room = rooms[**name];
  auto coming = room.lines.subscribe();  // before the peer says anything
  auto ended = co_await rota::select(listen(lines, room), deliver(peer, std::move(coming)));
  static_cast<void>(ended);
}
// [/session]

// [scope]
rota::Task<void> accept_all(rota::Scope& sessions, rota::TcpListener& listener, Rooms& rooms) {
  for (;;) {
    auto peer = co_await rota::accept_patiently(listener);
    if (!peer) co_return;
    sessions.spawn(session(std::move(*peer), rooms));
  }
}

rota::Task<void> serve(rota::Address at) {
  auto listener = rota::TcpListener::bind(at).value();
  std::printf("listening on %s\n", listener.local_address().value().to_string().c_str());
  std::fflush(stdout);
  Rooms rooms;
  auto body = [&](rota::Scope& sessions) { return accept_all(sessions, listener, rooms); };
  co_await rota::with_scope(body);
}
// [/scope]

int main(int count, char** words) {
  auto at = rota::Address::parse(count > 1 ? words[1] : "127.0.0.1:7777");
  if (!at) {
    std::fprintf(stderr, "usage: 2_rooms [ADDRESS:PORT]\n");
    return 2;
  }
  return rota::run(serve(*at));
}
