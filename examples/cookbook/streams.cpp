// Answers of docs/cookbook.md about connections, messages and files.

#include <rota/rota.hpp>

#include "../expect.hpp"

#include <arpa/inet.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <utility>

using namespace std::chrono_literals;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// [frames]
constexpr std::uint32_t most_frame_bytes = 1 << 20;

rota::Task<rota::Result<void>> write_frame(rota::UnixStream& to, std::string body) {
  const std::uint32_t size = htonl(static_cast<std::uint32_t>(body.size()));
  rota::BufferedWriter<rota::UnixStream> out(to);  // head and body leave together
  auto head = co_await out.write(std::as_bytes(std::span(&size, 1)));
  if (!head) co_return head;
  auto rest = co_await out.write(bytes_of(body));
  if (!rest) co_return rest;
  auto flushed = co_await out.flush();
  co_return flushed;
}

rota::Task<rota::Result<std::string>> read_frame(rota::BufferedReader<rota::UnixStream>& from) {
  std::uint32_t size = 0;
  auto head = co_await from.read_exactly(std::as_writable_bytes(std::span(&size, 1)));
  if (!head) co_return std::unexpected(head.error());
  size = ntohl(size);
  if (size > most_frame_bytes) co_return rota::failure(EMSGSIZE);
  std::string body(size, '\0');
  auto rest = co_await from.read_exactly(std::as_writable_bytes(std::span(body)));
  if (!rest) co_return std::unexpected(rest.error());
  co_return body;
}
// [/frames]

// [idle]
rota::Task<bool> is_silent(rota::UnixStream& peer, rota::Duration limit) {
  std::array<std::byte, 256> buffer;
  auto got = co_await rota::timeout(limit, peer.read(buffer));  // loses no byte
  co_return !got && got.error() == std::errc::timed_out;
}
// [/idle]

// [limit_connections]
rota::Task<void> serve_one(rota::TcpStream peer, rota::SemaphorePermits permit) {
  auto ended = co_await rota::copy(peer, peer);
  static_cast<void>(ended);
  permit.release();  // as would its destructor
}

rota::Task<void> serve_at_most(rota::Scope& sessions, rota::TcpListener& listener,
                               rota::Semaphore& places) {
  for (;;) {
    auto permit = co_await places.acquire();  // others wait in the kernel's backlog
    if (!permit) co_return;
    auto peer = co_await rota::accept_patiently(listener);
    if (!peer) co_return;
    sessions.spawn(serve_one(std::move(*peer), std::move(*permit)));
  }
}
// [/limit_connections]

// [direct]
rota::Task<void> echo_directly(rota::DirectStream peer) {
  auto first = co_await peer.receive();  // it is read and written like any other
  if (!first) co_return;
  auto sent = co_await peer.write_all(first->bytes());
  auto socket = co_await peer.install();  // what follows takes a file descriptor
  if (!sent || !socket) co_return;
  auto who = socket->peer_address();
  if (who) std::fprintf(stderr, "%s stays\n", who->to_string().c_str());
  auto echoed = co_await rota::copy(*socket, *socket);
  static_cast<void>(echoed);
}

rota::Task<void> serve_directly(rota::Scope& sessions, rota::TcpListener& listener) {
  for (;;) {
    auto peer = co_await listener.accept_direct();
    if (!peer) co_return;
    sessions.spawn(echo_directly(std::move(*peer)));
  }
}
// [/direct]

// [udp]
rota::Task<rota::Result<std::string>> ask_by_udp(rota::Address server, std::string question) {
  auto socket = rota::UdpSocket::bind(rota::Address::any(0));
  if (!socket) co_return std::unexpected(socket.error());
  auto connected = socket->connect(server);  // from now on nothing comes from anywhere else
  if (!connected) co_return std::unexpected(connected.error());
  std::array<char, 1500> buffer;
  for (int tries = 0; tries < 3; ++tries) {
    auto sent = co_await socket->send(bytes_of(question));
    if (!sent) co_return std::unexpected(sent.error());
    auto receiving = socket->receive(std::as_writable_bytes(std::span(buffer)));
    auto got = co_await rota::timeout(1s, std::move(receiving));
    if (got) co_return std::string(buffer.data(), got->bytes);
    if (got.error() != std::errc::timed_out) co_return std::unexpected(got.error());
  }
  co_return rota::failure(ETIMEDOUT);
}
// [/udp]

// [pass_fd]
rota::Task<rota::Result<void>> give_away(rota::UnixStream& to, int fd) {
  const std::array<int, 1> fds{fd};
  const std::string note = "a file";
  auto sent = co_await to.send_with_fds(bytes_of(note), fds);
  if (!sent) co_return std::unexpected(sent.error());
  co_return rota::Result<void>();
}

rota::Task<rota::OwnedFd> take_over(rota::UnixStream& from) {
  std::array<std::byte, 64> note;
  std::array<rota::OwnedFd, 1> fds;
  auto got = co_await from.receive_with_fds(note, fds);
  if (!got) co_return rota::OwnedFd();
  co_return std::move(fds[0]);  // closes it, wherever it ends up
}
// [/pass_fd]

// [file_lines]
rota::AsyncGenerator<std::string> lines_of(rota::File& file) {
  rota::FileReader reader(file);
  rota::BufferedReader<rota::FileReader> buffered(reader);
  for (;;) {
    auto line = co_await buffered.read_line(4096);
    if (!line || !*line) co_return;
    co_yield std::move(**line);
  }
}

rota::Task<std::size_t> count_lines(rota::File& file) {
  auto lines = lines_of(file);
  std::size_t count = 0;
  for (;;) {
    auto line = co_await lines.next();
    if (!line) co_return count;
    count += 1;
  }
}
// [/file_lines]

// [send_file]
/// Headers, then the file from an offset on. No byte of the file is copied into this process.
rota::Task<rota::Result<void>> serve_file(rota::UnixStream& to, rota::File& file,
                                          std::uint64_t offset) {
  auto headed = co_await to.write_all(bytes_of("HTTP/1.0 200 OK\r\n\r\n"));
  if (!headed) co_return headed;
  rota::FileReader from(file, offset);
  auto sent = co_await rota::copy(from, to);
  if (!sent) co_return std::unexpected(sent.error());  // from.position(): as far as it came
  co_return rota::Result<void>();
}

/// What comes, into a file.
rota::Task<rota::Result<std::uint64_t>> store(rota::UnixStream& from, rota::File& file) {
  rota::FileWriter to(file);
  auto stored = co_await rota::copy(from, to);
  co_return stored;
}
// [/send_file]

// [replace_file]
/// Whoever opens `path` sees the old text or the new one, after a power cut as well.
rota::Task<rota::Result<void>> save(std::string path, std::string text) {
  auto replacing = rota::replace_file(path, bytes_of(text));
  auto replaced = co_await std::move(replacing);
  co_return replaced;
}
// [/replace_file]

// [durable_log]
/// The record is on the device before anybody is told that it is there.
rota::Task<rota::Result<std::uint64_t>> append(rota::File& log, std::uint64_t end,
                                               std::string record) {
  auto written = co_await log.write_durably_at(end, bytes_of(record));
  if (!written) co_return std::unexpected(written.error());
  co_return end + record.size();
}
// [/durable_log]

// [bring_in]
/// So many at a time: what was brought in first is not to go before it is looked at.
constexpr std::size_t part_bytes = 1 << 20;

rota::Task<rota::Result<std::size_t>> count_zeros(std::span<const std::byte> mapped_file) {
  std::size_t count = 0;
  for (auto rest = mapped_file; !rest.empty();) {
    const auto part = rest.first(std::min(part_bytes, rest.size()));
    auto there = co_await rota::advise_memory(part, rota::MemoryAdvice::bring_in);
    if (!there) co_return std::unexpected(there.error());
    count += static_cast<std::size_t>(std::ranges::count(part, std::byte{0}));
    rest = rest.subspan(part.size());
  }
  co_return count;
}
// [/bring_in]

rota::Task<void> over_unix_sockets() {
  auto pair = rota::UnixStream::pair().value();
  auto written = co_await write_frame(pair.first, "hello");
  rota::BufferedReader<rota::UnixStream> from(pair.second);
  auto body = co_await read_frame(from);
  expect(written && body && *body == "hello", "a frame");
  auto silent = co_await is_silent(pair.second, 1ms);
  expect(silent, "silence");
  auto given = co_await give_away(pair.first, STDERR_FILENO);
  auto taken = co_await take_over(pair.second);
  expect(given && taken.valid(), "a file descriptor");
}

rota::Task<void> echo_one_datagram(rota::UdpSocket& socket) {
  std::array<std::byte, 1500> buffer;
  auto got = co_await socket.receive_from(buffer);
  if (!got) co_return;
  auto sent = co_await socket.send_to(std::span(buffer).first(got->bytes), got->from);
  static_cast<void>(sent);
}

rota::Task<void> over_ip() {
  auto socket = rota::UdpSocket::bind(rota::Address::loopback(0)).value();
  auto echoing = rota::spawn(echo_one_datagram(socket));
  auto answer = co_await ask_by_udp(socket.local_address().value(), "anybody?");
  auto echoed = co_await echoing.join();
  expect(echoed && answer && *answer == "anybody?", "a datagram");

  auto listener = rota::TcpListener::bind(rota::Address::loopback(0)).value();
  rota::Semaphore places(1);
  auto body = [&](rota::Scope& sessions) -> rota::Task<void> {
    sessions.spawn(serve_at_most(sessions, listener, places));
    for (int i = 0; i < 2; ++i) {
      auto peer = co_await rota::TcpStream::connect(listener.local_address().value());
      expect(peer.has_value(), "a connection");
      auto ended = peer->shutdown(rota::ShutdownHalf::write);
      std::array<std::byte, 1> nothing;
      auto got = co_await peer->read(nothing);  // until it was served
      expect(ended && got && *got == 0, "served in its turn");
    }
    sessions.request_stop();
  };
  co_await rota::with_scope(body);
}

// [small_file]
/// At most 4 KiB: a longer one is no setting.
rota::Task<rota::Result<std::string>> setting(rota::Directory& folder, std::string name) {
  std::string text(4096 + 1, '\0');
  auto loaded = co_await folder.load_file(name, std::as_writable_bytes(std::span(text)));
  if (!loaded) co_return std::unexpected(loaded.error());
  if (*loaded == text.size()) co_return rota::failure(EFBIG);
  text.resize(*loaded);
  co_return text;
}
// [/small_file]

rota::Task<void> without_descriptors() {
  auto listener = rota::TcpListener::bind(rota::Address::loopback(0)).value();
  auto body = [&](rota::Scope& sessions) -> rota::Task<void> {
    sessions.spawn(serve_directly(sessions, listener));
    auto peer = co_await rota::TcpStream::connect(listener.local_address().value());
    std::array<std::byte, 4> bytes{};
    auto sent = co_await peer->write_all(bytes);
    auto got = co_await peer->read(bytes);
    expect(sent && got && *got > 0, "an echo without a file descriptor");
    sessions.request_stop();
  };
  co_await rota::with_scope(body);
}

rota::Task<void> over_files() {
  constexpr auto writable = rota::OpenMode::write | rota::OpenMode::create;
  const std::string path = "rota_streams_" + std::to_string(::getpid());
  auto replaced = co_await save(path, "one\ntwo\nthree");
  auto file = co_await rota::File::open(path, rota::OpenMode::read);
  ::unlink(path.c_str());
  expect(replaced && file, "a file");
  auto count = co_await count_lines(*file);
  expect(count == 3, "its lines");
  auto here = rota::Directory::current();
  auto missing = co_await setting(here, path);
  expect(!missing && missing.error() == std::errc::no_such_file_or_directory, "no setting");
  auto limit = co_await setting(here, "/proc/sys/fs/nr_open");
  expect(limit && !limit->empty(), "a setting");
  auto pair = rota::UnixStream::pair().value();
  auto served = co_await serve_file(pair.first, *file, 4);
  auto ended = pair.first.shutdown(rota::ShutdownHalf::write);
  auto copy = co_await rota::File::open(path, writable);
  ::unlink(path.c_str());
  auto stored = co_await store(pair.second, *copy);
  expect(served && ended && stored && *stored == 28, "a file over a socket");
}

rota::Task<void> over_memory() {
  constexpr auto mode = rota::OpenMode::read | rota::OpenMode::write | rota::OpenMode::create;
  const std::string path = "rota_log_" + std::to_string(::getpid());
  auto log = co_await rota::File::open(path, mode);
  ::unlink(path.c_str());
  expect(log.has_value(), "a log");
  auto appending = append(*log, 0, std::string("one\0", 4));
  auto end = co_await std::move(appending);
  expect(end && *end == 4, "a record");
  void* mapped = ::mmap(nullptr, 4, PROT_READ, MAP_SHARED, log->fd(), 0);
  expect(mapped != MAP_FAILED, "a mapped file");
  auto counting = count_zeros({static_cast<const std::byte*>(mapped), 4});
  auto zeros = co_await std::move(counting);
  ::munmap(mapped, 4);
  expect(zeros && *zeros == 1, "what is in it");
}

rota::Task<void> all() {
  co_await over_memory();
  co_await over_unix_sockets();
  co_await over_ip();
  co_await without_descriptors();
  co_await over_files();
}

int main() { return rota::run(all()); }
