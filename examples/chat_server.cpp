// A chat server with rooms, on 127.0.0.1:7777 or on the address given. What is said in a room is
// kept in the folder given, in a file ROOM.history, and told to whoever comes in later. Try it with
// `nc 127.0.0.1 7777`: the first line is `ROOM NAME`, each later one is said to all in that room.
// Ctrl-C or SIGTERM ends it: what it has read is kept and on the device, and it returns 0.
//
// docs/guide.md builds it step by step.

#include <rota/rota.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

using namespace std::chrono_literals;

// [limits]
constexpr std::size_t most_line_bytes = 1000;
constexpr std::size_t most_name_bytes = 32;
constexpr std::size_t most_lines_behind = 64;  // of a reader; beyond it misses the oldest
constexpr std::size_t most_rooms = 500;        // each has an open file
constexpr int send_buffer_bytes = 64 * 1024;   // what the kernel keeps for one reader
constexpr auto introduction_limit = 30s;
constexpr auto farewell_limit = 1s;
// [/limits]

using Line = std::shared_ptr<const std::string>;
using Lines = rota::BufferedReader<rota::TcpStream>;

// [room]
/// Its tasks are all of one worker, so what is between two waits needs no lock.
struct Room {
  Room(rota::File file, std::uint64_t bytes) : history(std::move(file)), history_bytes(bytes) {}

  rota::Broadcast<Line> lines{most_lines_behind};
  rota::File history;
  std::uint64_t history_bytes;  // the lines that are whole; `speaking` is held to append
  rota::Mutex speaking;
};
// [/room]

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// [say]
/// Keeps a line and sends it to all in the room: both in the same order.
rota::Task<rota::Result<void>> say(Room& room, std::string text) {
  auto turn = co_await room.speaking.lock();
  if (!turn) co_return std::unexpected(turn.error());
  auto kept = co_await room.history.write_at(room.history_bytes, bytes_of(text));
  if (!kept) {
    // If this fails too, the next line is written over what there is of this one.
    auto cut = co_await room.history.truncate(room.history_bytes);
    static_cast<void>(cut);
    co_return kept;
  }
  room.history_bytes += text.size();
  co_return room.lines.send(std::make_shared<const std::string>(std::move(text)));
}
// [/say]

// [replay]
/// Tells the peer the first so many bytes of a history. False: it cannot be told any more.
rota::Task<bool> replay(rota::TcpStream& peer, rota::File& history, std::uint64_t bytes) {
  std::array<std::byte, 4096> buffer;
  for (std::uint64_t at = 0; at < bytes;) {
    const auto most = std::min<std::uint64_t>(buffer.size(), bytes - at);
    auto got = co_await history.read_at(at, std::span(buffer).first(most));
    if (!got || *got == 0) co_return false;
    auto sent = co_await peer.write_all(std::span(buffer).first(*got));
    if (!sent) co_return false;
    at += *got;
  }
  co_return true;
}
// [/replay]

// [deliver]
/// Tells the peer what was said and what is said, until it cannot be told any more.
rota::Task<void> deliver(rota::TcpStream& peer, Room& room) {
  auto coming = room.lines.subscribe();
  // No wait lies between these two: a line is in one of them, and in one only.
  auto past = replay(peer, room.history, room.history_bytes);
  const bool was_told = co_await std::move(past);
  while (was_told) {
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
/// Says in the room what the peer writes, until there is no more. Yields why, if it is to be told.
rota::Task<std::string> listen(Lines& from, Room& room, std::string name) {
  for (;;) {
    auto line = co_await from.read_line(most_line_bytes);
    if (!line) co_return line.error().message();
    if (!*line) co_return std::string();
    // What was read is said, whatever happens meanwhile.
    auto said = co_await rota::shielded(say(room, name + ": " + **line + "\n"));
    if (!said) co_return said.error().message();
  }
}
// [/listen]

// [whole]
/// How much of a history is whole lines: where the system crashed the last one may be cut.
rota::Task<rota::Result<std::uint64_t>> whole_lines(rota::File& history) {
  auto status = co_await history.stat();
  if (!status) co_return std::unexpected(status.error());
  std::array<std::byte, most_name_bytes + 2 + most_line_bytes + 1> end;  // NAME: LINE
  const auto begin = status->bytes - std::min<std::uint64_t>(status->bytes, end.size());
  auto got = co_await history.read_at(begin, end);
  if (!got) co_return std::unexpected(got.error());
  const std::string_view text(reinterpret_cast<const char*>(end.data()), *got);
  const auto last = text.rfind('\n');
  co_return last == std::string_view::npos ? begin : begin + last + 1;
}
// [/whole]

// [rooms]
class Rooms {
 public:
  explicit Rooms(rota::Directory folder) : folder_(std::move(folder)) {}

  /// The room of that name. The first who asks opens its history; who asks meanwhile waits.
  rota::Task<rota::Result<Room*>> find(std::string name) {
    auto turn = co_await finding_.lock();
    if (!turn) co_return std::unexpected(turn.error());
    auto known = rooms_.find(name);
    if (known != rooms_.end()) co_return &known->second;

    if (rooms_.size() == most_rooms) co_return rota::failure(EMFILE);
    const auto mode = rota::OpenMode::read | rota::OpenMode::write | rota::OpenMode::create |
                      rota::OpenMode::no_follow;
    auto file = co_await folder_.open_file(name + ".history", mode);
    if (!file) co_return std::unexpected(file.error());
    auto reading = whole_lines(*file);
    auto bytes = co_await std::move(reading);
    if (!bytes) co_return std::unexpected(bytes.error());
    auto made = rooms_.try_emplace(std::move(name), std::move(*file), *bytes);
    co_return &made.first->second;
  }

  /// Until every history is on the device. The first error, after all were tried.
  rota::Task<rota::Result<void>> flush() {
    rota::Result<void> flushed;
    for (auto& entry : rooms_) {
      auto one = co_await entry.second.history.sync();
      if (!one && flushed) flushed = one;
    }
    co_return flushed;
  }

 private:
  rota::Directory folder_;
  rota::Mutex finding_;
  std::map<std::string, Room> rooms_;  // a room stays where it is
};
// [/rooms]

/// `ROOM NAME`, each of letters, digits, "-" and "_": a room's is in the name of a file.
struct Introduction {
  std::string room;
  std::string name;

  static bool is_name(std::string_view text) {
    const auto is_plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= most_name_bytes && std::ranges::all_of(text, is_plain);
  }
  static std::optional<Introduction> parse(std::string_view line) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const auto room = line.substr(0, space);
    const auto name = line.substr(space + 1);
    if (!is_name(room) || !is_name(name)) return std::nullopt;
    Introduction parsed;
    parsed.room = room;
    parsed.name = name;
    return parsed;
  }
};

// [session]
/// From the peer's first line to its last. Yields what to tell it in the end, if anything.
rota::Task<std::string> converse(rota::TcpStream& peer, Lines& lines, Rooms& rooms) {
  auto first = co_await rota::timeout(introduction_limit, lines.read_line(most_line_bytes));
  if (!first) co_return first.error().message();
  if (!*first) co_return std::string();
  auto introduction = Introduction::parse(**first);
  if (!introduction) co_return "the first line is: ROOM NAME";
  auto room = co_await rooms.find(introduction->room);
  if (!room) co_return room.error().message();

  auto ended =
      co_await rota::select(listen(lines, **room, introduction->name), deliver(peer, **room));
  std::string* why = ended.get_if<0>();
  co_return why != nullptr ? *why : std::string();
}

/// The last line. Who does not take it is not waited for.
rota::Task<void> part(rota::TcpStream& peer, std::string why) {
  const std::string words = "! " + why + "\n";
  auto sent = co_await rota::timeout(farewell_limit, peer.write_all(bytes_of(words)));
  if (!sent) co_return;
  auto closed = co_await peer.close();
  static_cast<void>(closed);
}

rota::Task<void> session(rota::TcpStream peer, Rooms& rooms) {
  Lines lines(peer);
  auto why = co_await converse(peer, lines, rooms);
  if (rota::stop_requested()) why = "the server stops";
  if (why.empty()) co_return;
  co_await rota::shielded(part(peer, std::move(why)));
}
// [/session]

// [accept]
/// Until it is told to stop, or cannot accept any more: yields why.
rota::Task<std::error_code> accept_all(rota::Scope& sessions, rota::TcpListener& listener,
                                       Rooms& rooms) {
  for (;;) {
    auto peer = co_await rota::accept_patiently(listener);
    if (!peer) {
      sessions.request_stop();
      co_return peer.error();
    }
    sessions.spawn(session(std::move(*peer), rooms));
  }
}
// [/accept]

int complain(const char* about, const std::error_code& error) {
  std::fprintf(stderr, "%s: %s\n", about, error.message().c_str());
  return 1;
}

// [serve]
rota::Task<int> serve(rota::Address at, std::string folder) {
  auto listener = rota::TcpListener::bind(at);
  if (!listener) co_return complain("cannot listen", listener.error());
  auto bounded = listener->set_send_buffer_bytes(send_buffer_bytes);
  if (!bounded) co_return complain("send buffer", bounded.error());
  std::printf("listening on %s\n", listener->local_address().value().to_string().c_str());
  std::fflush(stdout);

  auto home = co_await rota::Directory::open(folder, rota::Confinement::beneath);
  if (!home) co_return complain(folder.c_str(), home.error());
  Rooms rooms(std::move(*home));
  auto body = [&](rota::Scope& sessions) { return accept_all(sessions, *listener, rooms); };
  auto why = co_await rota::with_scope(body);
  // No session is left. Neither is a stop heeded here: it has come, and this is what it is for.
  auto flushed = co_await rota::shielded(rooms.flush());
  if (!flushed) co_return complain("history", flushed.error());
  co_return rota::is_canceled(why) ? 0 : complain("accept", why);
}
// [/serve]

int main(int count, char** words) {
  auto at = rota::Address::parse(count > 1 ? words[1] : "127.0.0.1:7777");
  if (!at) {
    std::fprintf(stderr, "usage: chat_server [ADDRESS:PORT [FOLDER]]\n");
    return 2;
  }
  return rota::run(serve(*at, count > 2 ? words[2] : "."));
}
