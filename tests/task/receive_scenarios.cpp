// Tasks that receive into buffers of the runtime.
#include "task/connected.hpp"
#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

std::byte byte_at(std::size_t index) { return static_cast<std::byte>(index * 7 + index / 256); }

template <template <class> class Routine>
Routine<void> write_pattern(TcpStream& stream, std::size_t bytes) {
  std::vector<std::byte> pattern(bytes);
  for (std::size_t i = 0; i < bytes; ++i) pattern[i] = byte_at(i);
  Result<void> written = co_await stream.write_all(pattern);
  EXPECT_TRUE(written.has_value());
  EXPECT_TRUE(stream.shutdown(ShutdownHalf::write).has_value());
}

template <template <class> class Routine>
Routine<void> echo_leases(TcpStream& stream) {
  for (;;) {
    Result<Lease> received = co_await stream.receive();
    EXPECT_TRUE(received.has_value());
    if (!received || received->empty()) break;
    Result<void> written = co_await stream.write_all(received->bytes());
    EXPECT_TRUE(written.has_value());
  }
  EXPECT_TRUE(stream.shutdown(ShutdownHalf::write).has_value());
}

template <template <class> class Routine>
Routine<void> what_is_received_is_sent_back_from_where_it_lies(World) {
  constexpr std::size_t kBytes = 300'000;
  Ends ends = co_await as_task(connected<Routine>());
  JoinHandle<void> server = spawn_routine(echo_leases<Routine>(ends.far));
  JoinHandle<void> writer = spawn_routine(write_pattern<Routine>(ends.near, kBytes));
  std::size_t count = 0;
  bool same = true;
  for (;;) {
    Result<Lease> received = co_await ends.near.receive();
    EXPECT_TRUE(received.has_value());
    if (!received || received->empty()) break;
    for (const std::byte each : received->bytes()) same = same && each == byte_at(count++);
  }
  EXPECT_EQ(count, kBytes);
  EXPECT_TRUE(same);
  co_await writer.join();
  co_await server.join();
}

template <template <class> class Routine>
Routine<std::size_t> count_leases(Channel<Lease>& leases) {
  std::size_t count = 0;
  for (;;) {
    Result<Lease> lease = co_await leases.receive();
    if (!lease) break;
    count += lease->size();
  }
  co_return count;
}

template <template <class> class Routine>
Routine<void> a_lease_goes_to_another_task(World) {
  constexpr std::size_t kBytes = 100'000;
  Ends ends = co_await as_task(connected<Routine>());
  Channel<Lease> leases(4);
  JoinHandle<std::size_t> counter = spawn_routine(count_leases<Routine>(leases));
  JoinHandle<void> writer = spawn_routine(write_pattern<Routine>(ends.far, kBytes));
  for (;;) {
    Result<Lease> received = co_await ends.near.receive();
    EXPECT_TRUE(received.has_value());
    if (!received || received->empty()) break;
    Result<void> sent = co_await leases.send(std::move(*received));
    EXPECT_TRUE(sent.has_value());
  }
  leases.close();
  Joined<std::size_t> counted = co_await counter.join();
  EXPECT_EQ(std::move(counted).value(), kBytes);
  co_await writer.join();
}

template <template <class> class Routine>
Routine<int> receive_one(TcpStream& stream) {
  Result<Lease> received = co_await stream.receive();
  co_return code_of(received);
}

template <template <class> class Routine>
Routine<void> a_stopped_receive_loses_nothing(World) {
  Ends ends = co_await as_task(connected<Routine>());
  JoinHandle<int> receiver = spawn_routine(receive_one<Routine>(ends.near));
  for (int i = 0; i < 4; ++i) co_await yield();
  receiver.request_stop();
  Joined<int> stopped = co_await receiver.join();
  EXPECT_EQ(std::move(stopped).value(), ECANCELED);
  JoinHandle<void> writer = spawn_routine(write_pattern<Routine>(ends.far, 1));
  Result<Lease> received = co_await ends.near.receive();
  EXPECT_EQ(received->size(), 1u);
  EXPECT_EQ(received->bytes().front(), byte_at(0));
  co_await writer.join();
}

template <template <class> class Routine>
Routine<void> a_receive_is_an_arm_of_select(World) {
  Ends ends = co_await as_task(connected<Routine>());
  auto first = co_await select(ends.near.receive(), sleep(Duration(1'000)));
  EXPECT_EQ(first.first(), 1U);
  JoinHandle<void> writer = spawn_routine(write_pattern<Routine>(ends.far, 1));
  auto second = co_await select(sleep(kForEver), ends.near.receive());
  EXPECT_EQ(second.first(), 1U);
  co_await writer.join();
}

}  // namespace

void add_receive_scenarios(Suite& suite) {
  suite.add("what_is_received_is_sent_back_from_where_it_lies",
            what_is_received_is_sent_back_from_where_it_lies<Task>,
            what_is_received_is_sent_back_from_where_it_lies<Script>);
  suite.add("a_lease_goes_to_another_task", a_lease_goes_to_another_task<Task>,
            a_lease_goes_to_another_task<Script>);
  suite.add("a_stopped_receive_loses_nothing", a_stopped_receive_loses_nothing<Task>,
            a_stopped_receive_loses_nothing<Script>);
  suite.add("a_receive_is_an_arm_of_select", a_receive_is_an_arm_of_select<Task>,
            a_receive_is_an_arm_of_select<Script>);
}

}  // namespace rota::testing_tasks
