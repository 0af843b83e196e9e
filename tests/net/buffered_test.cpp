#include "net/net_fixture.hpp"

#include <rota/accept_patiently.hpp>
#include <rota/buffered_reader.hpp>
#include <rota/buffered_writer.hpp>

#include <sys/resource.h>

#include <cerrno>
#include <system_error>
#include <vector>

namespace rota::testing_net {
namespace {

class BufferedTest : public NetTest {};
INSTANTIATE_TEST_SUITE_P(Drivers, BufferedTest, kDrivers, name_of);

Task<void> write_and_end(UnixStream stream, std::string text) {
  Result<void> written = co_await stream.write_all(bytes_of(text));
  EXPECT_TRUE(written.has_value());
  Result<void> closed = co_await stream.close();
  EXPECT_TRUE(closed.has_value());
}

Task<void> read_lines() {
  auto ends = UnixStream::pair().value();
  const std::string text = "first\nsecond\r\n\n" + std::string(40, 'x') + "\nunfinished";
  JoinHandle<void> writing = spawn(write_and_end(std::move(ends.first), text));
  BufferedReader<UnixStream> reader(ends.second, 8);
  std::vector<std::string> lines;
  for (;;) {
    Task<Result<std::optional<std::string>>> reading = reader.read_line(100);
    Result<std::optional<std::string>> line = co_await std::move(reading);
    EXPECT_TRUE(line.has_value());
    if (!line || !*line) break;
    lines.push_back(**line);
  }
  EXPECT_EQ(lines,
            (std::vector<std::string>{"first", "second", "", std::string(40, 'x'), "unfinished"}));
  Joined<void> ended = co_await writing.join();
  EXPECT_TRUE(ended.has_value());
}

TEST_P(BufferedTest, lines_come_one_by_one) { run(read_lines()); }

Task<void> read_up_to_a_limit() {
  auto ends = UnixStream::pair().value();
  JoinHandle<void> writing = spawn(write_and_end(std::move(ends.first), "12345678;rest"));
  BufferedReader<UnixStream> reader(ends.second, 4);
  std::string into;
  Task<Result<std::size_t>> limited = reader.read_until(';', into, 5);
  Result<std::size_t> too_long = co_await std::move(limited);
  EXPECT_EQ(too_long.error(), std::errc::message_size);
  EXPECT_EQ(into, "12345");
  Task<Result<std::size_t>> going_on = reader.read_until(';', into, 4);
  Result<std::size_t> rest = co_await std::move(going_on);
  EXPECT_EQ(rest.value_or(0), 4u) << "exactly as many as are allowed";
  EXPECT_EQ(into, "12345678;");
  Task<Result<std::size_t>> without = reader.read_until(';', into, 100);
  Result<std::size_t> ended = co_await std::move(without);
  EXPECT_EQ(ended.error(), std::errc::no_message_available);
  EXPECT_EQ(into, "12345678;rest");
  Joined<void> written = co_await writing.join();
  EXPECT_TRUE(written.has_value());
}

TEST_P(BufferedTest, a_delimiter_is_looked_for_within_a_limit) { run(read_up_to_a_limit()); }

Task<void> read_exactly_and_skip() {
  auto ends = UnixStream::pair().value();
  JoinHandle<void> writing = spawn(write_and_end(std::move(ends.first), "0123456789abcdef"));
  BufferedReader<UnixStream> reader(ends.second, 4);
  Task<Result<std::uint64_t>> skipping = reader.skip(3);
  Result<std::uint64_t> skipped = co_await std::move(skipping);
  EXPECT_EQ(skipped.value_or(0), 3u);
  std::string text(10, '\0');
  Task<Result<void>> reading = reader.read_exactly(room_in(text));
  Result<void> read = co_await std::move(reading);
  EXPECT_TRUE(read.has_value());
  EXPECT_EQ(text, "3456789abc");
  std::size_t got = 0;
  Task<Result<void>> too_many = reader.read_exactly(room_in(text), &got);
  Result<void> ended = co_await std::move(too_many);
  EXPECT_EQ(ended.error(), std::errc::no_message_available);
  EXPECT_EQ(got, 3u);
  Task<Result<std::uint64_t>> beyond = reader.skip(1);
  Result<std::uint64_t> nothing = co_await std::move(beyond);
  EXPECT_EQ(nothing.value_or(1), 0u);
  Joined<void> written = co_await writing.join();
  EXPECT_TRUE(written.has_value());
}

TEST_P(BufferedTest, exactly_so_many_bytes_come_or_the_end_is_told) {
  run(read_exactly_and_skip());
}

Task<std::string> read_all(UnixStream stream) {
  Task<std::string> reading = read_to_end(stream);
  std::string text = co_await std::move(reading);
  co_return text;
}

Task<void> write_in_small_pieces() {
  auto ends = UnixStream::pair().value();
  JoinHandle<std::string> reading = spawn(read_all(std::move(ends.second)));
  std::string expected;
  {
    UnixStream stream = std::move(ends.first);
    BufferedWriter<UnixStream> writer(stream, 16);
    for (std::size_t length : {1u, 5u, 40u, 0u, 9u, 7u, 200'000u, 3u}) {
      const std::string piece(length, static_cast<char>('a' + length % 26));
      expected += piece;
      std::size_t taken = 0;
      Task<Result<void>> writing = writer.write(piece, &taken);
      Result<void> written = co_await std::move(writing);
      EXPECT_TRUE(written.has_value());
      EXPECT_EQ(taken, length);
    }
    EXPECT_GT(writer.buffered(), 0u);
    Task<Result<void>> flushing = writer.flush();
    Result<void> flushed = co_await std::move(flushing);
    EXPECT_TRUE(flushed.has_value());
    EXPECT_EQ(writer.buffered(), 0u);
  }
  Joined<std::string> received = co_await reading.join();
  EXPECT_TRUE(std::move(received).value() == expected);
}

TEST_P(BufferedTest, small_pieces_arrive_in_order_after_a_flush) { run(write_in_small_pieces()); }

Task<void> write_to_nobody() {
  auto ends = UnixStream::pair().value();
  Result<void> closed = co_await ends.second.close();
  EXPECT_TRUE(closed.has_value());
  BufferedWriter<UnixStream> writer(ends.first, 16);
  Task<Result<void>> writing = writer.write("kept");
  Result<void> written = co_await std::move(writing);
  EXPECT_TRUE(written.has_value()) << "it is in the buffer only";
  Task<Result<void>> flushing = writer.flush();
  Result<void> flushed = co_await std::move(flushing);
  EXPECT_EQ(flushed.error(), std::errc::broken_pipe);
  EXPECT_EQ(writer.buffered(), 4u);
}

TEST_P(BufferedTest, what_the_stream_did_not_take_stays_in_the_buffer) { run(write_to_nobody()); }

/// Holds every fd number that the process may have.
class NoFdsLeft {
 public:
  NoFdsLeft() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = 200;
    ::setrlimit(RLIMIT_NOFILE, &few);
    for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) held_.emplace_back(fd);
  }
  ~NoFdsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoFdsLeft(const NoFdsLeft&) = delete;
  NoFdsLeft& operator=(const NoFdsLeft&) = delete;

  void give_back() { held_.clear(); }

 private:
  rlimit before_{};
  std::vector<OwnedFd> held_;
};

/// Accepts for `listener` and counts how often it was asked. It gives up after a number of
/// attempts that no pause leaves time for, so that a loop without one ends.
class CountingListener {
 public:
  using Stream = UnixStream;

  explicit CountingListener(UnixListener& listener) : listener_(&listener) {}

  Task<Result<UnixStream>> accept() {
    if (attempts_ == kTooMany) co_return std::unexpected(os_error(ELOOP));
    attempts_ += 1;
    Result<UnixStream> accepted = co_await listener_->accept();
    if (!accepted) refused_.set();
    co_return accepted;
  }
  [[nodiscard]] int attempts() const { return attempts_; }
  /// Set once an attempt has failed.
  Event& refused() { return refused_; }

 private:
  static constexpr int kTooMany = 1000;

  UnixListener* listener_;
  int attempts_ = 0;
  Event refused_;
};

Task<void> accept_without_fds() {
  UnixListener listener = UnixListener::bind(UnixAddress()).value();
  Task<Result<UnixStream>> connecting = UnixStream::connect(listener.local_address().value());
  Result<UnixStream> client = co_await std::move(connecting);
  EXPECT_TRUE(client.has_value());
  NoFdsLeft none;
  Result<UnixStream> refused = co_await listener.accept();
  EXPECT_FALSE(refused.has_value());
  if (!refused) {
    EXPECT_TRUE(is_shortage(refused.error())) << refused.error().message();
  }
  CountingListener counting(listener);
  const Instant begun = now();
  JoinHandle<Result<UnixStream>> accepting = spawn(accept_patiently(counting));
  Result<void> met = co_await counting.refused().wait();
  EXPECT_TRUE(met.has_value());
  // Time in which a loop that does not pause asks over and over.
  Result<void> parked = co_await sleep(Duration(1'000'000));
  EXPECT_TRUE(parked.has_value());
  none.give_back();
  Joined<Result<UnixStream>> joined = co_await accepting.join();
  Result<UnixStream> accepted = std::move(joined).value();
  EXPECT_TRUE(accepted.has_value()) << accepted.error().message();
  // The first attempt comes at once, and a pause before each further one, by the same clock.
  static_assert(kShortagePause >= Duration(1'000'000), "others need time to give something back");
  EXPECT_GE(counting.attempts(), 2);
  EXPECT_LE((kShortagePause * (counting.attempts() - 1)).ns, (now() - begun).ns)
      << counting.attempts() << " attempts";
}

TEST_P(BufferedTest, a_patient_accept_waits_out_a_shortage_of_fds) { run(accept_without_fds()); }

}  // namespace
}  // namespace rota::testing_net
