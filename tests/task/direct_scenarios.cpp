// Tasks with connections that need no number.
#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

using namespace std::chrono_literals;

struct Ends {
  DirectStream near;
  TcpStream far;

  Ends(DirectStream one, TcpStream other) : near(std::move(one)), far(std::move(other)) {}
};

template <template <class> class Routine>
Routine<Ends> connected() {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  Result<TcpStream> far = co_await TcpStream::connect(address);
  Result<DirectStream> near = co_await listener->accept_direct();
  EXPECT_TRUE(near.has_value());
  co_return Ends(std::move(*near), std::move(*far));
}

/// Reads and receives in turn.
template <template <class> class Routine>
Routine<std::size_t> echo_until_the_end(DirectStream stream) {
  std::array<std::byte, 4096> buffer;
  std::size_t echoed = 0;
  for (;;) {
    Result<std::size_t> read = co_await stream.read(buffer);
    EXPECT_TRUE(read.has_value());
    if (!read || *read == 0) break;
    Result<void> written = co_await stream.write_all(std::span(buffer).first(*read));
    EXPECT_TRUE(written.has_value());
    echoed += *read;
    Result<Lease> received = co_await stream.receive();
    EXPECT_TRUE(received.has_value());
    if (!received || received->empty()) break;
    Result<void> sent = co_await stream.write_all(received->bytes());
    EXPECT_TRUE(sent.has_value());
    echoed += received->size();
  }
  Result<void> ended = co_await stream.shutdown(ShutdownHalf::write);
  EXPECT_TRUE(ended.has_value());
  Result<void> closed = co_await stream.close();
  EXPECT_TRUE(closed.has_value());
  co_return echoed;
}

template <template <class> class Routine>
Routine<void> write_pattern(TcpStream& stream, std::size_t bytes) {
  std::vector<std::byte> pattern(bytes);
  for (std::size_t i = 0; i < bytes; ++i) pattern[i] = static_cast<std::byte>(i * 7 + i / 256);
  Result<void> written = co_await stream.write_all(pattern);
  EXPECT_TRUE(written.has_value());
  EXPECT_TRUE(stream.shutdown(ShutdownHalf::write).has_value());
}

/// How many bytes of the pattern come back before the end, or before a wrong one.
template <template <class> class Routine>
Routine<std::size_t> count_pattern(TcpStream& stream) {
  std::array<std::byte, 8192> buffer;
  std::size_t count = 0;
  for (;;) {
    Result<std::size_t> read = co_await stream.read(buffer);
    EXPECT_TRUE(read.has_value());
    if (!read || *read == 0) break;
    for (std::size_t i = 0; i < *read; ++i, ++count) {
      if (buffer[i] != static_cast<std::byte>(count * 7 + count / 256)) co_return count;
    }
  }
  co_return count;
}

template <template <class> class Routine>
Routine<void> expect_the_end(TcpStream& stream) {
  std::array<std::byte, 16> buffer;
  Result<std::size_t> read = co_await stream.read(buffer);
  EXPECT_TRUE(read.has_value());
  EXPECT_EQ(read.value_or(1), 0u);
}

template <template <class> class Routine>
Routine<void> bytes_come_back_from_a_direct_echo(World) {
  constexpr std::size_t kBytes = 300'000;
  Ends ends = co_await as_task(connected<Routine>());
  JoinHandle<std::size_t> server =
      spawn_routine(echo_until_the_end<Routine>(std::move(ends.near)));
  JoinHandle<void> writer = spawn_routine(write_pattern<Routine>(ends.far, kBytes));
  std::size_t came = co_await as_task(count_pattern<Routine>(ends.far));
  EXPECT_EQ(came, kBytes);
  Joined<void> written = co_await writer.join();
  EXPECT_TRUE(written.has_value());
  Joined<std::size_t> served = co_await server.join();
  EXPECT_EQ(std::move(served).value(), kBytes);
}

/// Its operations go home to the worker whose ring may have its place.
template <template <class> class Routine>
Routine<void> a_direct_connection_is_used_on_another_worker(World) {
  constexpr std::size_t kBytes = 50'000;
  Ends ends = co_await as_task(connected<Routine>());
  const WorkerIndex other = (this_worker() + 1) % worker_count();
  JoinHandle<std::size_t> server =
      spawn_on(other, as_task(echo_until_the_end<Routine>(std::move(ends.near))));
  JoinHandle<void> writer = spawn_routine(write_pattern<Routine>(ends.far, kBytes));
  std::size_t came = co_await as_task(count_pattern<Routine>(ends.far));
  EXPECT_EQ(came, kBytes);
  co_await writer.join();
  Joined<std::size_t> served = co_await server.join();
  EXPECT_EQ(std::move(served).value(), kBytes);
}

template <template <class> class Routine>
Routine<std::size_t> accept_and_echo(TcpListener& listener) {
  Result<DirectStream> accepted = co_await listener.accept_direct();
  EXPECT_TRUE(accepted.has_value());
  std::size_t echoed = co_await as_task(echo_until_the_end<Routine>(std::move(*accepted)));
  co_return echoed;
}

template <template <class> class Routine>
Routine<void> a_task_of_another_worker_accepts_directly(World) {
  constexpr std::size_t kBytes = 50'000;
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  const WorkerIndex other = (this_worker() + 1) % worker_count();
  JoinHandle<std::size_t> server =
      spawn_on(other, as_task(accept_and_echo<Routine>(*listener)));
  Result<TcpStream> far = co_await TcpStream::connect(address);
  JoinHandle<void> writer = spawn_routine(write_pattern<Routine>(*far, kBytes));
  std::size_t came = co_await as_task(count_pattern<Routine>(*far));
  EXPECT_EQ(came, kBytes);
  co_await writer.join();
  Joined<std::size_t> served = co_await server.join();
  EXPECT_EQ(std::move(served).value(), kBytes);
}

template <template <class> class Routine>
Routine<void> direct_vectors_are_scattered_and_gathered(World) {
  Ends ends = co_await as_task(connected<Routine>());
  std::array<std::byte, 4> sent{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  std::array<iovec, 2> out{iovec{&sent[0], 1}, iovec{&sent[1], 3}};
  Result<std::size_t> written = co_await ends.near.write_vector(out);
  EXPECT_GT(written.value_or(0), 0u);
  std::array<std::byte, 8> came;
  Result<std::size_t> read = co_await ends.far.read(came);
  EXPECT_GT(read.value_or(0), 0u);
  EXPECT_EQ(came[0], std::byte{1});
  Result<void> answered = co_await ends.far.write_all(sent);
  EXPECT_TRUE(answered.has_value());
  std::array<std::byte, 4> parts{};
  std::array<iovec, 2> in{iovec{&parts[0], 2}, iovec{&parts[2], 2}};
  Result<std::size_t> scattered = co_await ends.near.read_vector(in);
  EXPECT_GT(scattered.value_or(0), 0u);
  EXPECT_EQ(parts[0], std::byte{1});
}

template <template <class> class Routine>
Routine<void> direct_connections_that_are_dropped_are_closed(World) {
  Ends ends = co_await as_task(connected<Routine>());
  {
    DirectStream dropped = std::move(ends.near);
  }
  co_await as_task(expect_the_end<Routine>(ends.far));
}

template <template <class> class Routine>
Routine<int> read_once(DirectStream& stream) {
  std::array<std::byte, 16> buffer;
  Result<std::size_t> read = co_await stream.read(buffer);
  co_return code_of(read);
}

template <template <class> class Routine>
Routine<void> a_direct_read_is_ended_by_a_stop_and_by_a_close(World) {
  Ends ends = co_await as_task(connected<Routine>());
  JoinHandle<int> first = spawn_routine(read_once<Routine>(ends.near));
  for (int i = 0; i < 4; ++i) co_await yield();
  first.request_stop();
  Joined<int> stopped = co_await first.join();
  EXPECT_EQ(std::move(stopped).value(), ECANCELED);
  JoinHandle<int> second = spawn_routine(read_once<Routine>(ends.near));
  for (int i = 0; i < 4; ++i) co_await yield();
  Result<void> closed = co_await ends.near.close();
  EXPECT_TRUE(closed.has_value());
  Joined<int> ended = co_await second.join();
  const int code = std::move(ended).value();
  EXPECT_TRUE(code == ECANCELED || code == EBADF) << code;
  Result<void> after = co_await ends.near.shutdown(ShutdownHalf::both);
  EXPECT_EQ(after.error(), std::errc::bad_file_descriptor);
  Result<TcpStream> none = co_await ends.near.install();
  EXPECT_EQ(none.error(), std::errc::bad_file_descriptor);
}

template <template <class> class Routine>
Routine<int> accept_once(TcpListener& listener) {
  Result<DirectStream> accepted = co_await listener.accept_direct();
  co_return code_of(accepted);
}

template <template <class> class Routine>
Routine<void> a_stop_during_a_direct_accept_loses_no_connection(World) {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  JoinHandle<int> waiting = spawn_routine(accept_once<Routine>(*listener));
  for (int i = 0; i < 4; ++i) co_await yield();
  waiting.request_stop();
  Joined<int> stopped = co_await waiting.join();
  EXPECT_EQ(std::move(stopped).value(), ECANCELED);
  Result<DirectStream> late = co_await timeout(Duration(1ms), listener->accept_direct());
  EXPECT_EQ(late.error(), std::errc::timed_out);
  Result<TcpStream> far = co_await TcpStream::connect(address);
  Result<DirectStream> accepted = co_await listener->accept_direct();
  EXPECT_TRUE(accepted.has_value());
  JoinHandle<int> last = spawn_routine(accept_once<Routine>(*listener));
  for (int i = 0; i < 4; ++i) co_await yield();
  Result<void> closed = co_await listener->close();
  EXPECT_TRUE(closed.has_value());
  Joined<int> ended = co_await last.join();
  const int code = std::move(ended).value();
  EXPECT_TRUE(code == ECANCELED || code == EBADF) << code;
  Result<DirectStream> after = co_await listener->accept_direct();
  EXPECT_EQ(after.error(), std::errc::bad_file_descriptor);
}

template <template <class> class Routine>
Routine<void> accepts_of_both_kinds_take_turns(World) {
  Result<TcpListener> listener = TcpListener::bind(Address::loopback(0));
  const Address address = listener->local_address().value();
  for (int i = 0; i < 3; ++i) {
    Result<TcpStream> first = co_await TcpStream::connect(address);
    Result<DirectStream> direct = co_await listener->accept_direct();
    EXPECT_TRUE(direct.has_value());
    Result<void> closed = co_await direct->close();
    EXPECT_TRUE(closed.has_value());
    co_await as_task(expect_the_end<Routine>(*first));
    Result<TcpStream> second = co_await TcpStream::connect(address);
    Result<TcpStream> plain = co_await listener->accept();
    EXPECT_EQ(plain->peer_address().value(), second->local_address().value());
  }
}

template <template <class> class Routine>
Routine<void> what_is_installed_is_a_tcp_stream(World) {
  Ends ends = co_await as_task(connected<Routine>());
  Result<TcpStream> installed = co_await ends.near.install();
  EXPECT_TRUE(installed.has_value());
  EXPECT_GE(installed->fd(), 0);
  EXPECT_EQ(installed->peer_address().value(), ends.far.local_address().value());
  EXPECT_TRUE(installed->set_no_delay(true).has_value());
  std::array<std::byte, 4> bytes{};
  Result<std::size_t> gone = co_await ends.near.read(bytes);
  EXPECT_EQ(gone.error(), std::errc::bad_file_descriptor);
  Result<void> written = co_await ends.far.write_all(bytes);
  EXPECT_TRUE(written.has_value());
  Result<std::size_t> read = co_await installed->read(bytes);
  EXPECT_GT(read.value_or(0), 0u);
  Result<void> closed = co_await installed->close();
  EXPECT_TRUE(closed.has_value());
  co_await as_task(expect_the_end<Routine>(ends.far));
}

/// Holds them until it is stopped.
template <template <class> class Routine>
Routine<void> hold(Ends ends) {
  std::array<std::byte, 16> buffer;
  Result<std::size_t> read = co_await ends.near.read(buffer);
  EXPECT_EQ(code_of(read), ECANCELED);
}

template <template <class> class Routine>
Routine<void> direct_connections_end_with_their_runtime(World) {
  for (int i = 0; i < 3; ++i) {
    Ends ends = co_await as_task(connected<Routine>());
    spawn_routine(hold<Routine>(std::move(ends)));
  }
  for (int i = 0; i < 4; ++i) co_await yield();
}

}  // namespace

void add_direct_scenarios(Suite& suite) {
  suite.add("bytes_come_back_from_a_direct_echo", bytes_come_back_from_a_direct_echo<Task>,
            bytes_come_back_from_a_direct_echo<Script>);
  suite.add("a_direct_connection_is_used_on_another_worker",
            a_direct_connection_is_used_on_another_worker<Task>,
            a_direct_connection_is_used_on_another_worker<Script>);
  suite.add("a_task_of_another_worker_accepts_directly",
            a_task_of_another_worker_accepts_directly<Task>,
            a_task_of_another_worker_accepts_directly<Script>);
  suite.add("direct_vectors_are_scattered_and_gathered",
            direct_vectors_are_scattered_and_gathered<Task>,
            direct_vectors_are_scattered_and_gathered<Script>);
  suite.add("direct_connections_that_are_dropped_are_closed",
            direct_connections_that_are_dropped_are_closed<Task>,
            direct_connections_that_are_dropped_are_closed<Script>);
  suite.add("a_direct_read_is_ended_by_a_stop_and_by_a_close",
            a_direct_read_is_ended_by_a_stop_and_by_a_close<Task>,
            a_direct_read_is_ended_by_a_stop_and_by_a_close<Script>, RunOrder::queue);
  suite.add("a_stop_during_a_direct_accept_loses_no_connection",
            a_stop_during_a_direct_accept_loses_no_connection<Task>,
            a_stop_during_a_direct_accept_loses_no_connection<Script>, RunOrder::queue);
  suite.add("accepts_of_both_kinds_take_turns", accepts_of_both_kinds_take_turns<Task>,
            accepts_of_both_kinds_take_turns<Script>);
  suite.add("what_is_installed_is_a_tcp_stream", what_is_installed_is_a_tcp_stream<Task>,
            what_is_installed_is_a_tcp_stream<Script>);
  suite.add("direct_connections_end_with_their_runtime",
            direct_connections_end_with_their_runtime<Task>,
            direct_connections_end_with_their_runtime<Script>);
}

}  // namespace rota::testing_tasks
