// Tasks for which the runtime receives before they ask.
#include "task/connected.hpp"
#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace rota::testing_tasks {
namespace {

std::string_view view(const Lease& lease) {
  return {reinterpret_cast<const char*>(lease.bytes().data()), lease.size()};
}

/// Numbers up to `count`, each a message of its own.
template <template <class> class Routine>
Routine<void> send_numbers(TcpStream& stream, int count) {
  for (int i = 0; i < count; ++i) {
    const std::string message = std::to_string(i) + ' ';
    Result<void> written = co_await stream.write_all(std::as_bytes(std::span(message)));
    EXPECT_TRUE(written.has_value());
  }
  EXPECT_TRUE(stream.shutdown(ShutdownHalf::write).has_value());
}

std::string numbers(int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += std::to_string(i) + ' ';
  return all;
}

template <template <class> class Routine>
Routine<void> receive_all_ahead(TcpStream& stream, std::string& received) {
  for (;;) {
    Result<Lease> message = co_await stream.receive_ahead();
    EXPECT_TRUE(message.has_value());
    if (!message || message->empty()) break;
    received += view(*message);
  }
}

template <template <class> class Routine>
Routine<void> what_is_received_ahead_comes_in_order_until_the_end(World) {
  constexpr int kMessages = 300;
  Ends ends = co_await as_task(connected<Routine>());
  JoinHandle<void> writer = spawn_routine(send_numbers<Routine>(ends.far, kMessages));
  std::string received;
  co_await as_task(receive_all_ahead<Routine>(ends.near, received));
  EXPECT_EQ(received, numbers(kMessages));
  Result<Lease> again = co_await ends.near.receive_ahead();
  EXPECT_TRUE(again.has_value() && again->empty());
  co_await writer.join();
}

template <template <class> class Routine>
Routine<void> reads_of_every_kind_share_a_connection_with_receives_ahead(World) {
  constexpr int kMessages = 200;
  Ends ends = co_await as_task(connected<Routine>());
  JoinHandle<void> writer = spawn_routine(send_numbers<Routine>(ends.far, kMessages));
  std::string received;
  bool ended = false;
  while (!ended) {
    Result<Lease> ahead = co_await ends.near.receive_ahead();
    EXPECT_TRUE(ahead.has_value());
    ended = !ahead || ahead->empty();
    if (ended) break;
    received += view(*ahead);
    std::array<char, 5> few{};
    Result<std::size_t> read = co_await ends.near.read(std::as_writable_bytes(std::span(few)));
    EXPECT_TRUE(read.has_value());
    ended = !read || *read == 0;
    if (ended) break;
    received.append(few.data(), *read);
    Result<Lease> plain = co_await ends.near.receive();
    EXPECT_TRUE(plain.has_value());
    ended = !plain || plain->empty();
    if (!ended) received += view(*plain);
  }
  EXPECT_EQ(received, numbers(kMessages));
  co_await writer.join();
}

template <template <class> class Routine>
Routine<int> receive_one_ahead(TcpStream& stream) {
  Result<Lease> received = co_await stream.receive_ahead();
  co_return code_of(received);
}

template <template <class> class Routine>
Routine<void> a_stopped_receive_ahead_loses_nothing(World) {
  Ends ends = co_await as_task(connected<Routine>());
  JoinHandle<int> receiver = spawn_routine(receive_one_ahead<Routine>(ends.near));
  for (int i = 0; i < 4; ++i) co_await yield();
  receiver.request_stop();
  Joined<int> stopped = co_await receiver.join();
  EXPECT_EQ(std::move(stopped).value(), ECANCELED);
  JoinHandle<void> writer = spawn_routine(send_numbers<Routine>(ends.far, 3));
  std::string received;
  co_await as_task(receive_all_ahead<Routine>(ends.near, received));
  EXPECT_EQ(received, numbers(3));
  co_await writer.join();
}

template <template <class> class Routine>
Routine<void> a_close_ends_a_receive_ahead(World) {
  Ends ends = co_await as_task(connected<Routine>());
  JoinHandle<int> receiver = spawn_routine(receive_one_ahead<Routine>(ends.near));
  for (int i = 0; i < 4; ++i) co_await yield();
  Result<void> closed = co_await ends.near.close();
  EXPECT_TRUE(closed.has_value());
  Joined<int> ended = co_await receiver.join();
  EXPECT_EQ(std::move(ended).value(), ECANCELED);
  Result<Lease> after = co_await ends.near.receive_ahead();
  EXPECT_EQ(code_of(after), EBADF);
}

template <template <class> class Routine>
Routine<void> what_came_ahead_goes_with_a_connection_that_is_dropped(World) {
  Ends ends = co_await as_task(connected<Routine>());
  JoinHandle<void> writer = spawn_routine(send_numbers<Routine>(ends.far, 20));
  Result<Lease> first = co_await ends.near.receive_ahead();
  EXPECT_TRUE(first.has_value());
  EXPECT_EQ(view(*first).front(), '0');
  co_await writer.join();
  { const TcpStream dropped = std::move(ends.near); }
  EXPECT_EQ(view(*first).front(), '0');
}

template <template <class> class Routine>
Routine<void> a_receive_ahead_is_an_arm_of_select(World) {
  Ends ends = co_await as_task(connected<Routine>());
  auto first = co_await select(ends.near.receive_ahead(), sleep(Duration(1'000)));
  EXPECT_EQ(first.first(), 1U);
  JoinHandle<void> writer = spawn_routine(send_numbers<Routine>(ends.far, 1));
  auto second = co_await select(sleep(kForEver), ends.near.receive_ahead());
  EXPECT_EQ(second.first(), 1U);
  co_await writer.join();
}

}  // namespace

void add_ahead_scenarios(Suite& suite) {
  suite.add("what_is_received_ahead_comes_in_order_until_the_end",
            what_is_received_ahead_comes_in_order_until_the_end<Task>,
            what_is_received_ahead_comes_in_order_until_the_end<Script>);
  suite.add("reads_of_every_kind_share_a_connection_with_receives_ahead",
            reads_of_every_kind_share_a_connection_with_receives_ahead<Task>,
            reads_of_every_kind_share_a_connection_with_receives_ahead<Script>);
  suite.add("a_stopped_receive_ahead_loses_nothing", a_stopped_receive_ahead_loses_nothing<Task>,
            a_stopped_receive_ahead_loses_nothing<Script>);
  suite.add("a_close_ends_a_receive_ahead", a_close_ends_a_receive_ahead<Task>,
            a_close_ends_a_receive_ahead<Script>, RunOrder::queue);
  suite.add("what_came_ahead_goes_with_a_connection_that_is_dropped",
            what_came_ahead_goes_with_a_connection_that_is_dropped<Task>,
            what_came_ahead_goes_with_a_connection_that_is_dropped<Script>);
  suite.add("a_receive_ahead_is_an_arm_of_select", a_receive_ahead_is_an_arm_of_select<Task>,
            a_receive_ahead_is_an_arm_of_select<Script>);
}

}  // namespace rota::testing_tasks
