// What passes between two workers: wakes, stops, frees, operations on a descriptor that lives on
// the other one, their cancellation at any moment, and closes.

#include "base/random.hpp"
#include "busy.hpp"
#include "sched/pair.hpp"
#include "task/ledger.hpp"
#include "task/script.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace rota::testing_sched {
namespace {

using testing_tasks::as_task;
using testing_tasks::Ledger;
using testing_tasks::Script;

constexpr int kRounds = address_sanitizer || thread_sanitizer ? 3'000 : 30'000;

class TwoWorkersTest : public testing::Test {
 protected:
  void SetUp() override { before_ = Ledger::now(); }
  void TearDown() override { EXPECT_EQ(Ledger::now(), before_); }

 private:
  Ledger before_;
};

template <template <class> class Routine>
Routine<void> serve_the_ball(Channel<int>& there, Channel<int>& back) {
  for (int i = 0; i < kRounds; ++i) {
    Result<void> sent = co_await there.send(i);
    EXPECT_TRUE(sent.has_value());
    Result<int> received = co_await back.receive();
    if (received.value_or(-1) != i) ADD_FAILURE() << "round " << i;
  }
}
template <template <class> class Routine>
Routine<void> return_the_ball(Channel<int>& there, Channel<int>& back) {
  for (int i = 0; i < kRounds; ++i) {
    Result<int> received = co_await there.receive();
    Result<void> sent = co_await back.send(received.value_or(-1));
    EXPECT_TRUE(sent.has_value());
  }
}

template <template <class> class Routine>
void play_ball() {
  Channel<int> there(1);
  Channel<int> back(1);
  Pair pair;
  JoinHandle<void> one = pair.spawn_on(0, as_task(serve_the_ball<Routine>(there, back)));
  JoinHandle<void> other = pair.spawn_on(1, as_task(return_the_ball<Routine>(there, back)));
  pair.wait(std::move(one));
  pair.wait(std::move(other));
}

TEST_F(TwoWorkersTest, coroutines_wake_each_other) { play_ball<Task>(); }
TEST_F(TwoWorkersTest, fibers_wake_each_other) { play_ball<Script>(); }

Task<int> identity(int value) {
  co_await yield();
  co_return value;
}
Task<void> make_tasks(Channel<std::optional<Task<int>>>& channel) {
  for (int i = 0; i < kRounds; ++i) {
    std::optional<Task<int>> made(identity(i));
    Result<void> sent = co_await channel.send(std::move(made));
    EXPECT_TRUE(sent.has_value());
  }
}
Task<void> await_tasks(Channel<std::optional<Task<int>>>& channel) {
  for (int i = 0; i < kRounds; ++i) {
    Result<std::optional<Task<int>>> received = co_await channel.receive();
    // Every other one is freed without having run.
    if (i % 2 == 0) continue;
    int value = co_await std::move(**received);
    EXPECT_EQ(value, i);
  }
}

TEST_F(TwoWorkersTest, frames_made_by_one_are_freed_by_the_other) {
  Channel<std::optional<Task<int>>> channel(8);
  Pair pair;
  JoinHandle<void> maker = pair.spawn_on(0, make_tasks(channel));
  JoinHandle<void> user = pair.spawn_on(1, await_tasks(channel));
  pair.wait(std::move(maker));
  pair.wait(std::move(user));
}

/// A connection both of whose ends live on the first worker.
struct Connection {
  std::optional<TcpStream> left;
  std::optional<TcpStream> right;

  void open_on(Pair& pair) { pair.wait(pair.spawn_on(0, open())); }

 private:
  Task<void> open() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    Result<TcpStream> one = TcpStream::from_fd(ends[0]);
    Result<TcpStream> other = TcpStream::from_fd(ends[1]);
    left.emplace(std::move(*one));
    right.emplace(std::move(*other));
    co_return;
  }
};

template <template <class> class Routine>
Routine<void> echo(TcpStream& stream) {
  std::array<std::byte, 64> buffer;
  for (;;) {
    Result<std::size_t> read = co_await stream.read(buffer);
    if (!read || *read == 0) break;
    Result<void> written = co_await stream.write_all(std::span(buffer).first(*read));
    EXPECT_TRUE(written.has_value());
  }
}
template <template <class> class Routine>
Routine<void> ask(TcpStream& stream) {
  std::array<std::byte, 64> buffer{};
  for (int i = 0; i < kRounds; ++i) {
    buffer[0] = static_cast<std::byte>(i);
    Result<void> written = co_await stream.write_all(std::span(buffer).first(1));
    EXPECT_TRUE(written.has_value());
    Result<std::size_t> read = co_await stream.read(buffer);
    if (read.value_or(0) != 1 || buffer[0] != static_cast<std::byte>(i)) {
      ADD_FAILURE() << "round " << i;
    }
  }
  EXPECT_TRUE(stream.shutdown(ShutdownHalf::write).has_value());
}

template <template <class> class Routine>
void echo_across() {
  Connection connection;
  Pair pair;
  connection.open_on(pair);
  // Each of the two operates from a worker that is not the descriptor's home.
  JoinHandle<void> server = pair.spawn_on(1, as_task(echo<Routine>(*connection.left)));
  JoinHandle<void> client = pair.spawn_on(1, as_task(ask<Routine>(*connection.right)));
  pair.wait(std::move(client));
  pair.wait(std::move(server));
  connection = {};
}

TEST_F(TwoWorkersTest, operations_are_forwarded_for_coroutines) { echo_across<Task>(); }
TEST_F(TwoWorkersTest, operations_are_forwarded_for_fibers) { echo_across<Script>(); }

/// Bytes that were read by a task that is stopped again and again: none may be lost.
template <template <class> class Routine>
Routine<int> read_one(TcpStream& stream, int& received) {
  std::array<std::byte, 1> byte;
  Result<std::size_t> read = co_await stream.read(byte);
  if (!read) co_return read.error().value();
  received += static_cast<int>(*read);
  co_return 0;
}

void compute(Random& random) { stay_busy(random.below(3000)); }

/// On a worker that is not the descriptor's home, or on it; the reader lives here.
template <template <class> class Routine>
Routine<void> stop_readers(Connection& connection, std::uint64_t seed) {
  Random random(seed);
  int sent = 0;
  int received = 0;
  std::array<std::byte, 1> byte{};
  for (int i = 0; i < kRounds / 10; ++i) {
    JoinHandle<int> reader = spawn(as_task(read_one<Routine>(*connection.left, received)));
    if (random.chance(700)) co_await yield();
    compute(random);
    if (random.chance(500)) {
      Result<void> written = co_await connection.right->write_all(byte);
      EXPECT_TRUE(written.has_value());
      sent += 1;
    }
    reader.request_stop();
    Joined<int> joined = co_await reader.join();
    const int outcome = std::move(joined).value();
    EXPECT_TRUE(outcome == 0 || outcome == ECANCELED) << outcome;
  }
  while (received < sent) {
    JoinHandle<int> reader = spawn(as_task(read_one<Routine>(*connection.left, received)));
    Joined<int> joined = co_await reader.join();
    EXPECT_EQ(std::move(joined).value(), 0);
  }
  EXPECT_EQ(received, sent);
}

template <template <class> class Routine>
void cancel_across(std::uint64_t seed) {
  Connection connection;
  Pair pair;
  connection.open_on(pair);
  pair.wait(pair.spawn_on(1, as_task(stop_readers<Routine>(connection, seed))));
  connection = {};
}

TEST_F(TwoWorkersTest, forwarded_operations_of_coroutines_are_cancelled_at_any_moment) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) cancel_across<Task>(seed);
}
TEST_F(TwoWorkersTest, forwarded_operations_of_fibers_are_cancelled_at_any_moment) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) cancel_across<Script>(seed);
}

TEST_F(TwoWorkersTest, a_plain_thread_stops_tasks_at_any_moment) {
  Connection connection;
  Pair pair;
  connection.open_on(pair);
  Random random(7);
  int received = 0;
  for (int i = 0; i < kRounds / 10; ++i) {
    JoinHandle<int> reader = pair.spawn_on(
        random.below(2), as_task(read_one<Task>(*connection.left, received)));
    compute(random);
    reader.request_stop();
    EXPECT_EQ(pair.wait(std::move(reader)), ECANCELED);
  }
  EXPECT_EQ(received, 0);
  connection = {};
}

Task<int> answer(int value) { co_return value; }

TEST_F(TwoWorkersTest, a_handle_is_dropped_while_its_stop_is_under_way) {
  Pair pair;
  Random random(13);
  for (int i = 0; i < kRounds; ++i) {
    JoinHandle<int> task = pair.spawn_on(random.below(2), answer(i));
    while (!task.is_done()) std::this_thread::yield();
    task.request_stop();
    compute(random);
    // The home takes the stop back while the handle is dropped here.
  }
}

template <template <class> class Routine>
Routine<int> wait_for(Event& event) {
  Result<void> waited = co_await event.wait();
  co_return waited ? 0 : waited.error().value();
}

TEST_F(TwoWorkersTest, an_event_is_set_while_its_wait_is_stopped) {
  Pair pair;
  Random random(5);
  Event event;
  for (int i = 0; i < kRounds / 10; ++i) {
    JoinHandle<int> waiter = pair.spawn_on(random.below(2), as_task(wait_for<Task>(event)));
    compute(random);
    waiter.request_stop();
    compute(random);
    event.set();
    const int outcome = pair.wait(std::move(waiter));
    EXPECT_TRUE(outcome == 0 || outcome == ECANCELED) << outcome;
    event.reset();
  }
}

template <template <class> class Routine>
Routine<int> close_it(TcpStream& stream) {
  Result<void> closed = co_await stream.close();
  co_return closed ? 0 : closed.error().value();
}

template <template <class> class Routine>
void close_across() {
  Pair pair;
  Random random(11);
  for (int i = 0; i < kRounds / 30; ++i) {
    Connection connection;
    connection.open_on(pair);
    int received = 0;
    JoinHandle<int> reader = pair.spawn_on(
        random.below(2), as_task(read_one<Routine>(*connection.left, received)));
    compute(random);
    // The reader's operation has been started, or will find nothing to read from: it is joined
    // before the stream is gone, since it refers to it.
    reader.request_stop();
    EXPECT_EQ(pair.wait(std::move(reader)), ECANCELED);
    JoinHandle<int> closer = pair.spawn_on(1, as_task(close_it<Routine>(*connection.left)));
    EXPECT_EQ(pair.wait(std::move(closer)), 0);
    // The other end is abandoned by this thread, and closed on its home.
  }
}

TEST_F(TwoWorkersTest, coroutines_close_what_lives_on_the_other_worker) { close_across<Task>(); }
TEST_F(TwoWorkersTest, fibers_close_what_lives_on_the_other_worker) { close_across<Script>(); }

Task<int> read_until_closed(TcpStream& stream, Event& reading) {
  std::array<std::byte, 1> byte;
  reading.set();
  Result<std::size_t> read = co_await stream.read(byte);
  co_return read ? 0 : read.error().value();
}
Task<int> close_while_it_is_read(TcpStream& stream, Event& reading) {
  Result<void> waited = co_await reading.wait();
  EXPECT_TRUE(waited.has_value());
  Result<void> closed = co_await stream.close();
  co_return closed ? 0 : closed.error().value();
}

TEST_F(TwoWorkersTest, a_close_from_afar_ends_the_read_in_flight) {
  Pair pair;
  for (int i = 0; i < kRounds / 30; ++i) {
    Connection connection;
    connection.open_on(pair);
    Event reading;
    // On one worker, so that the read is started before the close; both are forwarded.
    JoinHandle<int> closer =
        pair.spawn_on(1, close_while_it_is_read(*connection.left, reading));
    JoinHandle<int> reader = pair.spawn_on(1, read_until_closed(*connection.left, reading));
    EXPECT_EQ(pair.wait(std::move(reader)), ECANCELED);
    EXPECT_EQ(pair.wait(std::move(closer)), 0);
  }
}

}  // namespace
}  // namespace rota::testing_sched
