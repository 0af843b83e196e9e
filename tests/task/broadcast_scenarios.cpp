#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<int> sum_until_the_end(BroadcastReader<int> reader) {
  int sum = 0;
  for (;;) {
    Result<int> received = co_await reader.receive();
    if (!received) co_return received.error() == std::errc::broken_pipe ? sum : -1;
    sum += *received;
  }
}
template <template <class> class Routine>
Routine<int> receive_code(BroadcastReader<int>& reader) {
  Result<int> received = co_await reader.receive();
  co_return code_of(received);
}

template <template <class> class Routine>
Routine<void> every_reader_sees_every_value_since_it_subscribed(World) {
  Broadcast<int> broadcast(4);
  EXPECT_TRUE(broadcast.send(1000).has_value());  // Nobody has subscribed.
  JoinHandle<int> early = spawn_routine(sum_until_the_end<Routine>(broadcast.subscribe()));
  co_await yield();
  EXPECT_TRUE(broadcast.send(1).has_value());
  JoinHandle<int> late = spawn_routine(sum_until_the_end<Routine>(broadcast.subscribe()));
  EXPECT_TRUE(broadcast.send(2).has_value());
  broadcast.close();
  EXPECT_EQ(broadcast.send(3).error(), std::errc::broken_pipe);
  Joined<int> all = co_await early.join();
  EXPECT_EQ(std::move(all).value(), 3);
  Joined<int> some = co_await late.join();
  EXPECT_EQ(std::move(some).value(), 2);
}

template <template <class> class Routine>
Routine<void> a_slow_reader_is_told_how_many_values_it_missed(World) {
  Broadcast<std::shared_ptr<const std::string>> broadcast(2);
  BroadcastReader<std::shared_ptr<const std::string>> reader = broadcast.subscribe();
  EXPECT_FALSE(reader.try_receive().has_value());
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(broadcast.send(std::make_shared<std::string>(std::to_string(i))).has_value());
  }
  Result<std::shared_ptr<const std::string>> lagged = co_await reader.receive();
  EXPECT_EQ(values_missed(lagged.error()), 3U);
  EXPECT_EQ(lagged.error().message(), "3 values were overwritten before they were received");
  Result<std::shared_ptr<const std::string>> third = co_await reader.receive();
  EXPECT_EQ(**third, "3");
  std::optional<Result<std::shared_ptr<const std::string>>> fourth = reader.try_receive();
  EXPECT_EQ(**fourth.value(), "4");
  EXPECT_EQ(values_missed(os_error(EPIPE)), 0U);
}

template <template <class> class Routine>
Routine<void> a_cancelled_reader_has_missed_nothing(World) {
  Broadcast<int> broadcast(2);
  BroadcastReader<int> reader = broadcast.subscribe();
  JoinHandle<int> child = spawn_routine(receive_code<Routine>(reader));
  co_await yield();
  child.request_stop();
  Joined<int> stopped = co_await child.join();
  EXPECT_EQ(std::move(stopped).value(), ECANCELED);
  EXPECT_TRUE(broadcast.send(6).has_value());
  Result<int> received = co_await reader.receive();
  EXPECT_EQ(received.value(), 6);
}

template <template <class> class Routine>
Routine<void> threads_and_tasks_read_one_broadcast(World) {
  const int values = static_cast<int>(rounds(1'000));
  Broadcast<int> broadcast(static_cast<std::size_t>(values));
  JoinHandle<int> task = spawn_routine(sum_until_the_end<Routine>(broadcast.subscribe()));
  BroadcastReader<int> of_thread = broadcast.subscribe();
  std::thread thread([&] {
    for (int i = 0; i < values; ++i) {
      const Result<int> received = wait_in_thread(of_thread.receive());
      EXPECT_EQ(received.value_or(-1), i);
    }
  });
  for (int i = 0; i < values; ++i) {
    EXPECT_TRUE(broadcast.send(i).has_value());
    if (i % 16 == 0) co_await yield();
  }
  broadcast.close();
  Joined<int> sum = co_await task.join();
  EXPECT_EQ(std::move(sum).value(), values * (values - 1) / 2);
  thread.join();
}

}  // namespace

void add_broadcast_scenarios(Suite& suite) {
  suite.add("every_reader_sees_every_value_since_it_subscribed",
            every_reader_sees_every_value_since_it_subscribed<Task>,
            every_reader_sees_every_value_since_it_subscribed<Script>);
  suite.add("a_slow_reader_is_told_how_many_values_it_missed",
            a_slow_reader_is_told_how_many_values_it_missed<Task>,
            a_slow_reader_is_told_how_many_values_it_missed<Script>);
  suite.add("a_cancelled_reader_has_missed_nothing", a_cancelled_reader_has_missed_nothing<Task>,
            a_cancelled_reader_has_missed_nothing<Script>);
  suite.add("threads_and_tasks_read_one_broadcast", threads_and_tasks_read_one_broadcast<Task>,
            threads_and_tasks_read_one_broadcast<Script>);
}

}  // namespace rota::testing_tasks
