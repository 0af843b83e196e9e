// Sockets that move from worker to worker while they are in use.

#include "core/descriptor.hpp"
#include "sched/grid.hpp"
#include "sched/worker.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_sched {
namespace {

using namespace std::chrono_literals;

constexpr int kMoves = address_sanitizer || thread_sanitizer ? 200 : 1'000;

class MoveTest : public GridTest {};
class MoveDeathTest : public testing::Test {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

INSTANTIATE_TEST_SUITE_P(PerCore, MoveTest, testing::ValuesIn(kPerCoreCells), name_of_cell);
INSTANTIATE_TEST_SUITE_P(Stealing, MoveTest, testing::ValuesIn(kStealingCells), name_of_cell);

/// A connection of the runtime, and its other end as a plain blocking socket.
struct Connection {
  /// In a task: the connection's home is the worker that runs it.
  Connection() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | socket_flags(), 0, ends), 0);
    descriptor = &adopt_fd(ends[0], FdKind::socket);
    stream.emplace(DescriptorRef(*descriptor));
    peer = ends[1];
    const int flags = ::fcntl(peer, F_GETFL);
    EXPECT_EQ(::fcntl(peer, F_SETFL, flags & ~O_NONBLOCK), 0);
  }
  ~Connection() { end_peer(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void end_peer() {
    if (peer >= 0) ::close(std::exchange(peer, -1));
  }
  [[nodiscard]] WorkerIndex home() const { return descriptor->home->index(); }

  std::optional<TcpStream> stream;
  Descriptor* descriptor = nullptr;
  int peer = -1;
};

/// Writes the numbers from 0, until the other side has gone.
void write_numbers(int fd) {
  for (std::uint32_t number = 0;; ++number) {
    if (::send(fd, &number, sizeof number, MSG_NOSIGNAL) != sizeof number) return;
  }
}

/// Reads what `write_numbers` wrote and complains of the first that is missing.
class NumberReader {
 public:
  Task<bool> read_some(TcpStream& stream) {
    Result<std::size_t> got = co_await stream.read(std::span(bytes_).subspan(rest_));
    if (!got || *got == 0) co_return false;
    co_return take(*got);
  }
  Task<bool> receive_some(TcpStream& stream) {
    Result<Lease> got = co_await stream.receive_ahead();
    if (!got || got->empty()) co_return false;
    bool went_on = true;
    for (std::span<const std::byte> left = got->bytes(); went_on && !left.empty();) {
      const std::size_t some = std::min(left.size(), bytes_.size() - rest_);
      std::memcpy(&bytes_[rest_], left.data(), some);
      left = left.subspan(some);
      went_on = take(some);
    }
    co_return went_on;
  }
  [[nodiscard]] std::uint32_t read() const { return next_; }

 private:
  bool take(std::size_t got) {
    const std::size_t have = rest_ + got;
    std::size_t at = 0;
    for (; have - at >= sizeof(std::uint32_t); at += sizeof(std::uint32_t)) {
      std::uint32_t number = 0;
      std::memcpy(&number, &bytes_[at], sizeof number);
      if (number != next_) ADD_FAILURE() << "expected " << next_ << ", got " << number;
      if (number != next_++) return false;
    }
    rest_ = have - at;
    std::memmove(bytes_.data(), bytes_.data() + at, rest_);
    return true;
  }

  std::array<std::byte, 4096> bytes_;
  std::size_t rest_ = 0;
  std::uint32_t next_ = 0;
};

using ReadSome = Task<bool> (NumberReader::*)(TcpStream&);

/// To and fro, and read from its home and from elsewhere, in turn.
Task<void> move_and_read(ReadSome read_some, std::errc refusal = {}) {
  Connection connection;
  std::thread writer(write_numbers, connection.peer);
  NumberReader reader;
  for (int i = 0; i < kMoves; ++i) {
    const auto to = static_cast<WorkerIndex>(i % 2);
    Result<void> moved = co_await connection.stream->move_to(to);
    if (!moved) {
      EXPECT_EQ(moved.error(), refusal);
    }
    const bool stays = moved && !tasks_move() && connection.home() != to;
    EXPECT_FALSE(stays) << "it did not move";
    const WorkerIndex from = i % 4 < 2 ? to : 1 - to;
    auto read_there = [&] { return (reader.*read_some)(*connection.stream); };
    bool went_on = co_await submit_to(from, read_there);
    EXPECT_TRUE(went_on);
    if (!went_on) break;
  }
  EXPECT_GT(reader.read(), 0u);
  Result<void> closed = co_await connection.stream->close();
  EXPECT_TRUE(closed.has_value());
  writer.join();
}

TEST_P(MoveTest, nothing_that_a_peer_writes_is_lost_while_its_connection_moves) {
  runtime().block_on(move_and_read(&NumberReader::read_some));
}

// What is here already travels, or refuses the move.
TEST_P(MoveTest, nothing_that_came_ahead_is_lost_while_its_connection_moves) {
  const ReadSome receive_some = &NumberReader::receive_some;
  runtime().block_on(move_and_read(receive_some, std::errc::device_or_resource_busy));
}

Task<void> read_on(NumberReader& reader, TcpStream& stream, Event& ended) {
  for (int i = 0; i < kMoves; ++i) {
    bool went_on = co_await reader.read_some(stream);
    EXPECT_TRUE(went_on);
    if (!went_on) break;
  }
  ended.set();
}
/// What is in flight refuses the move.
Task<void> move_until_read(Connection& connection, const Event& ended) {
  for (WorkerIndex to = 1; !ended.is_set(); to = 1 - to) {
    Result<void> moved = co_await connection.stream->move_to(to);
    if (!moved) {
      EXPECT_EQ(moved.error(), std::errc::device_or_resource_busy);
    }
    co_await yield();
  }
}
Task<void> move_under_a_reader() {
  Connection connection;
  std::thread writer(write_numbers, connection.peer);
  NumberReader reader;
  Event ended;
  auto work = [&](Scope& scope) -> Task<void> {
    scope.spawn_on(0, read_on(reader, *connection.stream, ended));
    scope.spawn_on(0, move_until_read(connection, ended));
    co_return;
  };
  co_await with_scope(work);
  Result<void> closed = co_await connection.stream->close();
  EXPECT_TRUE(closed.has_value());
  writer.join();
}

TEST_P(MoveTest, a_connection_that_is_asked_to_move_under_its_reader_loses_nothing) {
  runtime().block_on(move_under_a_reader());
}

Task<std::size_t> read_one(TcpStream& stream, Event& began) {
  std::byte byte{};
  began.set();
  Result<std::size_t> got = co_await stream.read(std::span(&byte, 1));
  co_return got.value_or(0);
}
Task<void> yield_a_few_times() {
  for (int i = 0; i < 3; ++i) co_await yield();
}
Task<void> move_while_busy(bool received_ahead) {
  Connection connection;
  if (received_ahead) {
    EXPECT_EQ(::write(connection.peer, "a", 1), 1);
    Result<Lease> first = co_await connection.stream->receive_ahead();
    EXPECT_TRUE(first.has_value() && first->bytes().size() == 1);
  }
  Event began;
  JoinHandle<std::size_t> reader = spawn_on(0, read_one(*connection.stream, began));
  Result<void> running = co_await began.wait();
  EXPECT_TRUE(running.has_value());
  // Behind the reader on its worker: it has parked.
  co_await submit_to(0, yield_a_few_times);
  const WorkerIndex home = connection.home();
  Result<void> refused = co_await connection.stream->move_to(1 - home);
  EXPECT_EQ(refused ? std::error_code() : refused.error(), std::errc::device_or_resource_busy);
  EXPECT_EQ(connection.home(), home);
  EXPECT_EQ(::write(connection.peer, "x", 1), 1);
  Joined<std::size_t> read = co_await reader.join();
  EXPECT_EQ(std::move(read).value(), 1u) << "the refused move disturbed the reader";
  Result<void> moved = co_await connection.stream->move_to(1 - home);
  EXPECT_TRUE(moved.has_value());
  EXPECT_EQ(connection.home(), 1 - home);
}

TEST_P(MoveTest, a_move_is_refused_while_a_read_is_in_flight) {
  runtime().block_on(move_while_busy(false));
}

TEST_P(MoveTest, a_move_is_refused_while_a_read_waits_for_what_comes_ahead) {
  runtime().block_on(move_while_busy(true));
}

Task<std::error_code> move_after_a_stop(Connection& connection) {
  Result<void> slept = co_await sleep(24h);
  EXPECT_FALSE(slept.has_value());
  Result<void> moved = co_await connection.stream->move_to(1);
  co_return moved ? std::error_code() : moved.error();
}
Task<void> stop_before_a_move() {
  Connection connection;
  const WorkerIndex home = connection.home();
  JoinHandle<std::error_code> mover = spawn_on(0, move_after_a_stop(connection));
  mover.request_stop();
  Joined<std::error_code> ended = co_await mover.join();
  EXPECT_EQ(std::move(ended).value(), std::errc::operation_canceled);
  EXPECT_EQ(connection.home(), home);
}

TEST_P(MoveTest, a_task_that_must_stop_moves_nothing) { runtime().block_on(stop_before_a_move()); }

/// A connection with what was read of it, as a program hands it from task to task.
struct Session {
  explicit Session(TcpStream of) : stream(std::move(of)), reader(stream) {}
  Session(Session&& other) noexcept
      : stream(std::move(other.stream)), reader(stream, std::move(other.reader)) {}
  Session& operator=(Session&&) = delete;
  ~Session() = default;

  TcpStream stream;
  BufferedReader<TcpStream> reader;
};

Task<std::string> next_line(Session& session) {
  Task<Result<std::optional<std::string>>> reading = session.reader.read_line(80);
  Result<std::optional<std::string>> line = co_await std::move(reading);
  co_return line ? line->value_or("(end)") : line.error().message();
}
Task<std::vector<std::string>> read_the_rest(Session session) {
  std::vector<std::string> lines;
  do {
    std::string line = co_await next_line(session);
    lines.push_back(line);
  } while (lines.back() != "(end)");
  co_return lines;
}
Task<void> move_with_what_was_read() {
  Connection connection;
  constexpr std::string_view kAtOnce = "one\ntwo\nthr";
  constexpr std::string_view kLater = "ee\n";
  EXPECT_EQ(::write(connection.peer, kAtOnce.data(), kAtOnce.size()), kAtOnce.size());
  Session session(std::move(*connection.stream));
  std::string first = co_await next_line(session);
  EXPECT_EQ(first, "one");
  EXPECT_EQ(session.reader.buffered().size(), kAtOnce.size() - first.size() - 1);
  const WorkerIndex to = 1 - connection.home();
  Result<void> moved = co_await session.stream.move_to(to);
  EXPECT_TRUE(moved.has_value()) << moved.error().message();
  EXPECT_EQ(::write(connection.peer, kLater.data(), kLater.size()), kLater.size());
  connection.end_peer();
  JoinHandle<std::vector<std::string>> rest = spawn_on(to, read_the_rest(std::move(session)));
  Joined<std::vector<std::string>> lines = co_await rest.join();
  EXPECT_EQ(std::move(lines).value(), (std::vector<std::string>{"two", "three", "(end)"}));
}

TEST_P(MoveTest, what_a_reader_has_buffered_goes_with_its_connection) {
  runtime().block_on(move_with_what_was_read());
}

/// Connected and with one byte on the way, by plain system calls.
int connect_with_a_byte(const Address& to, unsigned char byte) {
  const int fd = ::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::connect(fd, to.native(), to.native_bytes()), 0) << std::strerror(errno);
  EXPECT_EQ(::write(fd, &byte, 1), 1);
  return fd;
}

Task<unsigned char> accept_and_read(TcpListener& listener) {
  Result<TcpStream> peer = co_await listener.accept();
  EXPECT_TRUE(peer.has_value()) << peer.error().message();
  if (!peer) co_return 0;
  std::byte byte{};
  Result<std::size_t> got = co_await peer->read(std::span(&byte, 1));
  EXPECT_EQ(got.value_or(0), 1u);
  co_return static_cast<unsigned char>(byte);
}

/// Each round connects four times, accepts once where the listener lives, so that its stream is
/// armed and keeps the others, moves it, and accepts the rest there.
Task<void> move_a_listener() {
  constexpr unsigned char kEach = 4;
  TcpListener listener = TcpListener::bind(Address::loopback(0)).value();
  const Address address = listener.local_address().value();
  for (int round = 0; round < 20; ++round) {
    const auto at = static_cast<WorkerIndex>(round % 2);
    std::vector<int> fds;
    for (unsigned char i = 0; i < kEach; ++i) fds.push_back(connect_with_a_byte(address, i));
    Result<void> moved = co_await listener.move_to(at);
    EXPECT_TRUE(moved.has_value()) << moved.error().message();
    auto accept_there = [&] { return accept_and_read(listener); };
    for (unsigned char i = 0; i < kEach; ++i) {
      if (i == 1) {
        moved = co_await listener.move_to(1 - at);
        EXPECT_TRUE(moved.has_value()) << moved.error().message();
      }
      unsigned char byte = co_await submit_to(i == 0 ? at : 1 - at, accept_there);
      EXPECT_EQ(byte, i) << "a connection was lost, or overtaken";
    }
    for (int fd : fds) ::close(fd);
  }
}

TEST_P(MoveTest, a_listener_moves_with_the_connections_that_nobody_has_taken) {
  runtime().block_on(move_a_listener());
}

Task<void> move_to_nobody() {
  Connection connection;
  Result<void> moved = co_await connection.stream->move_to(2);
  static_cast<void>(moved);
}

TEST_F(MoveDeathTest, an_index_that_names_no_worker_ends_the_process) {
  EXPECT_DEATH(Runtime::make(kPerCoreCells[0].config())->block_on(move_to_nobody()),
               "a worker that the runtime has not");
}

}  // namespace
}  // namespace rota::testing_sched
