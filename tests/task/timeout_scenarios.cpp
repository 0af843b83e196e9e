#include "task/suite.hpp"

#include "task/loopback.hpp"

#include <gtest/gtest.h>

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <span>

namespace rota::testing_tasks {
namespace {

using namespace std::chrono_literals;

constexpr Duration kShort = Duration(1ms);

template <template <class> class Routine>
Routine<int> wait_at_most(Duration limit, Event& event) {
  Result<void> waited = co_await timeout(limit, event.wait());
  co_return code_of(waited);
}

template <template <class> class Routine>
Routine<int> wait_without_limit(Event& event) {
  Result<void> waited = co_await event.wait();
  co_return code_of(waited);
}

template <template <class> class Routine>
Routine<void> a_wait_that_ends_in_time_keeps_its_result(World world) {
  Event event;
  JoinHandle<int> waiter = spawn_routine(wait_at_most<Routine>(kForEver, event));
  co_await yield();
  EXPECT_EQ(world.runtime.counters().timers_live, 1u);
  event.set();
  Result<Joined<int>> joined = co_await timeout(kForEver, waiter.join());
  EXPECT_EQ(std::move(*joined).value(), 0);
  EXPECT_EQ(world.runtime.counters().timers_live, 0u);

  Channel<int> channel(1);
  Result<void> sent = co_await timeout(kForEver, channel.send(5));
  EXPECT_TRUE(sent.has_value());
  Result<int> received = co_await with_deadline(now() + kForEver, channel.receive());
  EXPECT_EQ(received.value(), 5);
  Result<void> slept = co_await timeout(kForEver, sleep(Duration(1us)));
  EXPECT_TRUE(slept.has_value());
  EXPECT_FALSE(stop_requested());
}

template <template <class> class Routine>
Routine<void> a_deadline_that_has_passed_takes_what_is_there(World world) {
  Event event;
  event.set();
  Result<void> waited = co_await with_deadline(Instant::min(), event.wait());
  EXPECT_TRUE(waited.has_value());
  event.reset();
  waited = co_await with_deadline(Instant::min(), event.wait());
  EXPECT_EQ(code_of(waited), ETIMEDOUT);

  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  Result<TcpStream> client = co_await TcpStream::connect(listener->local_address().value());
  Result<TcpStream> server = co_await listener->accept();
  const std::array<std::byte, 1> byte{};
  std::array<std::byte, 16> buffer;
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(::write(client->fd(), byte.data(), 1), 1);
    Result<std::size_t> read = co_await with_deadline(Instant::min(), server->read(buffer));
    if (!read) {
      EXPECT_EQ(code_of(read), ETIMEDOUT);
      if (world.driver != DriverKind::sim) {
        ADD_FAILURE() << "only the seed of a simulation may bring the byte later";
        co_return;
      }
      read = co_await server->read(buffer);
    }
    EXPECT_EQ(read.value(), 1u);
  }
}

template <template <class> class Routine>
Routine<void> a_wait_among_tasks_that_runs_out_loses_nothing(World) {
  Event never;
  const Instant before = now();
  Result<void> waited = co_await timeout(kShort, never.wait());
  EXPECT_EQ(code_of(waited), ETIMEDOUT);
  EXPECT_GE(now() - before, kShort);
  Result<void> slept = co_await timeout(kShort, sleep(kForEver));
  EXPECT_EQ(code_of(slept), ETIMEDOUT);

  Channel<int> channel(1);
  Result<int> received = co_await timeout(kShort, channel.receive());
  EXPECT_EQ(code_of(received), ETIMEDOUT);
  Result<void> sent = co_await channel.send(1);
  EXPECT_TRUE(sent.has_value());
  sent = co_await timeout(kShort, channel.send(2));
  EXPECT_EQ(code_of(sent), ETIMEDOUT);
  received = co_await channel.receive();
  EXPECT_EQ(received.value(), 1);
  EXPECT_FALSE(channel.try_receive().has_value());

  JoinHandle<int> child = spawn_routine(wait_without_limit<Routine>(never));
  Result<Joined<int>> joined = co_await timeout(kShort, child.join());
  EXPECT_EQ(code_of(joined), ETIMEDOUT);
  never.set();
  joined = co_await timeout(kForEver, child.join());
  EXPECT_EQ(std::move(*joined).value(), 0);
  EXPECT_FALSE(stop_requested());
}

template <template <class> class Routine>
Routine<void> a_wait_for_the_network_that_runs_out_loses_nothing(World) {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  Result<TcpStream> server = co_await timeout(kShort, listener->accept());
  EXPECT_EQ(code_of(server), ETIMEDOUT);
  Result<TcpStream> client = co_await timeout(kForEver, TcpStream::connect(address));
  server = co_await timeout(kForEver, listener->accept());
  EXPECT_TRUE(server.has_value());

  std::array<std::byte, 16> buffer;
  Result<std::size_t> read = co_await timeout(kShort, server->read(buffer));
  EXPECT_EQ(code_of(read), ETIMEDOUT);
  const std::array<std::byte, 3> three{};
  Result<void> written = co_await timeout(kForEver, client->write_all(three));
  EXPECT_TRUE(written.has_value());
  for (std::size_t left = three.size(); left != 0; left -= read.value_or(left)) {
    read = co_await timeout(kForEver, server->read(buffer));
    EXPECT_TRUE(read.has_value());
    EXPECT_LE(read.value_or(0), left);
  }
  Result<void> closed = co_await timeout(kForEver, server->close());
  EXPECT_TRUE(closed.has_value());
}

template <template <class> class Routine>
Routine<void> a_connect_and_a_watch_run_out(World) {
  FullListener full;
  Result<TcpStream> connected = co_await timeout(kShort, TcpStream::connect(full.address()));
  EXPECT_EQ(code_of(connected), ETIMEDOUT);
  Pipe pipe;
  FdWatch watch(pipe.reader());
  Result<PollEvents> seen = co_await timeout(kShort, watch.wait(POLLIN));
  EXPECT_EQ(code_of(seen), ETIMEDOUT);
  pipe.write_byte();
  seen = co_await timeout(kForEver, watch.wait(POLLIN));
  EXPECT_TRUE(seen.has_value());
  Result<void> forgotten = co_await watch.forget();
  EXPECT_TRUE(forgotten.has_value());
}

template <template <class> class Routine>
Routine<int> read_until(Instant due, TcpStream& stream, std::span<std::byte> into) {
  Result<std::size_t> read = co_await with_deadline(due, stream.read(into));
  if (!read) co_return -read.error().value();
  co_return static_cast<int>(*read);
}

template <template <class> class Routine>
Routine<void> what_comes_at_the_deadline_wins_over_it(World world) {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  Result<TcpStream> client = co_await TcpStream::connect(listener->local_address().value());
  Result<TcpStream> server = co_await listener->accept();
  const std::array<std::byte, 1> byte{std::byte{42}};
  std::array<std::byte, 16> buffer;
  for (int round = 0; round < 20; ++round) {
    const Instant due = now() + Duration(1ms);
    JoinHandle<int> reader = spawn_routine(read_until<Routine>(due, *server, buffer));
    co_await yield();
    // The worker is kept from its driver and its timers until both have something: then one turn
    // finds both. The simulated clock stands still meanwhile; there the seed decides. So it is when
    // this thread was off its CPU for so long that a turn may have found the deadline alone. And a
    // ring that a thread of the kernel serves has the byte once that has run.
    const bool by_this_thread =
        world.driver != DriverKind::sim && world.config.driver.ring != RingProfile::sqpoll;
    const bool decided = by_this_thread && now() < due;
    while (decided && now() <= due) {
    }
    EXPECT_EQ(::write(client->fd(), byte.data(), 1), 1);
    Joined<int> joined = co_await reader.join();
    const int outcome = std::move(joined).value();
    if (outcome == 1) continue;
    EXPECT_EQ(outcome, -ETIMEDOUT);
    if (decided) {
      ADD_FAILURE() << "the deadline won over a byte that was there";
      co_return;
    }
    Result<std::size_t> read = co_await server->read(buffer);
    EXPECT_EQ(read.value(), 1u);
  }
}

template <template <class> class Routine>
Routine<int> read_at_most(Duration limit, TcpStream& stream) {
  std::array<std::byte, 16> buffer;
  Result<std::size_t> read = co_await timeout(limit, stream.read(buffer));
  co_return code_of(read);
}

template <template <class> class Routine>
Routine<void> a_stop_from_outside_reads_as_a_stop(World) {
  Event never;
  JoinHandle<int> waiter = spawn_routine(wait_at_most<Routine>(kForEver, never));
  for (int i = 0; i < 4; ++i) co_await yield();
  waiter.request_stop();
  Joined<int> joined = co_await waiter.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);

  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  Result<TcpStream> client = co_await TcpStream::connect(listener->local_address().value());
  JoinHandle<int> reader = spawn_routine(read_at_most<Routine>(kForEver, *client));
  for (int i = 0; i < 4; ++i) co_await yield();
  reader.request_stop();
  joined = co_await reader.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);

  JoinHandle<int> refused = spawn_routine(wait_at_most<Routine>(kForEver, never));
  refused.request_stop();
  joined = co_await refused.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
}

template <template <class> class Routine>
Routine<int> wait_for_the_nearer(Duration outer, Duration inner, Event& event) {
  Result<void> waited = co_await timeout(outer, timeout(inner, event.wait()));
  co_return code_of(waited);
}

template <template <class> class Routine>
Routine<Result<void>> wait_in_a_task(Duration limit, Event& event) {
  Result<void> waited = co_await timeout(limit, event.wait());
  co_return waited;
}

template <template <class> class Routine>
Routine<void> of_nested_deadlines_of_waits_the_nearer_one_decides(World world) {
  Event event;
  Result<void> waited = co_await timeout(kForEver, timeout(kShort, event.wait()));
  EXPECT_EQ(code_of(waited), ETIMEDOUT);
  waited = co_await timeout(kShort, timeout(kForEver, event.wait()));
  EXPECT_EQ(code_of(waited), ETIMEDOUT);
  waited = co_await timeout(kShort, as_task(wait_in_a_task<Routine>(kForEver, event)));
  EXPECT_EQ(code_of(waited), ETIMEDOUT);
  waited = co_await timeout(kForEver, as_task(wait_in_a_task<Routine>(kShort, event)));
  EXPECT_EQ(code_of(waited), ETIMEDOUT);
  // A shield holds back stops, not the deadlines inside it.
  waited = co_await shielded(as_task(wait_in_a_task<Routine>(kShort, event)));
  EXPECT_EQ(code_of(waited), ETIMEDOUT);

  JoinHandle<int> stopped = spawn_routine(wait_for_the_nearer<Routine>(kForEver, kForEver, event));
  JoinHandle<int> kept = spawn_routine(wait_for_the_nearer<Routine>(kForEver, kForEver, event));
  co_await yield();
  EXPECT_EQ(world.runtime.counters().timers_live, 4u);
  stopped.request_stop();
  Joined<int> joined = co_await stopped.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
  event.set();
  joined = co_await kept.join();
  EXPECT_EQ(std::move(joined).value(), 0);
  EXPECT_EQ(world.runtime.counters().timers_live, 0u);
}

template <template <class> class Routine>
Routine<void> a_limited_wait_has_no_frame_of_its_own(World world) {
  Event event;
  JoinHandle<int> plain = spawn_routine(wait_without_limit<Routine>(event));
  co_await yield();
  const auto with_plain = world.runtime.counters().frames_live;
  event.set();
  {
    JoinHandle<int> ended = std::move(plain);
    Joined<int> joined = co_await ended.join();
    EXPECT_TRUE(joined.has_value());
  }
  event.reset();
  JoinHandle<int> limited = spawn_routine(wait_at_most<Routine>(kForEver, event));
  co_await yield();
  EXPECT_EQ(world.runtime.counters().frames_live, with_plain);
  event.set();
  Joined<int> joined = co_await limited.join();
  EXPECT_TRUE(joined.has_value());
}

}  // namespace

void add_timeout_scenarios(Suite& suite) {
  suite.add("a_wait_that_ends_in_time_keeps_its_result",
            a_wait_that_ends_in_time_keeps_its_result<Task>,
            a_wait_that_ends_in_time_keeps_its_result<Script>, RunOrder::queue);
  suite.add("a_deadline_that_has_passed_takes_what_is_there",
            a_deadline_that_has_passed_takes_what_is_there<Task>,
            a_deadline_that_has_passed_takes_what_is_there<Script>);
  suite.add("a_wait_among_tasks_that_runs_out_loses_nothing",
            a_wait_among_tasks_that_runs_out_loses_nothing<Task>,
            a_wait_among_tasks_that_runs_out_loses_nothing<Script>);
  suite.add("a_wait_for_the_network_that_runs_out_loses_nothing",
            a_wait_for_the_network_that_runs_out_loses_nothing<Task>,
            a_wait_for_the_network_that_runs_out_loses_nothing<Script>);
  suite.add("a_connect_and_a_watch_run_out", a_connect_and_a_watch_run_out<Task>,
            a_connect_and_a_watch_run_out<Script>);
  suite.add("what_comes_at_the_deadline_wins_over_it",
            what_comes_at_the_deadline_wins_over_it<Task>,
            what_comes_at_the_deadline_wins_over_it<Script>, RunOrder::queue);
  suite.add("a_stop_from_outside_reads_as_a_stop", a_stop_from_outside_reads_as_a_stop<Task>,
            a_stop_from_outside_reads_as_a_stop<Script>);
  suite.add("of_nested_deadlines_of_waits_the_nearer_one_decides",
            of_nested_deadlines_of_waits_the_nearer_one_decides<Task>,
            of_nested_deadlines_of_waits_the_nearer_one_decides<Script>, RunOrder::queue);
  suite.add("a_limited_wait_has_no_frame_of_its_own", a_limited_wait_has_no_frame_of_its_own<Task>,
            a_limited_wait_has_no_frame_of_its_own<Script>, RunOrder::queue);
}

}  // namespace rota::testing_tasks
