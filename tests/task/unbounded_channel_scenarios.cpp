#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

using Numbers = UnboundedChannel<int>;

template <template <class> class Routine>
Routine<int> take_one(Numbers& channel) {
  Result<int> received = co_await channel.receive();
  co_return received ? *received : -received.error().value();
}

template <template <class> class Routine>
Routine<void> a_burst_comes_out_in_the_order_of_the_sends(World) {
  const int values = static_cast<int>(rounds(20'000));  // of several segments
  Numbers channel;
  for (int i = 0; i < values; ++i) EXPECT_TRUE(channel.send(i).has_value());
  EXPECT_EQ(channel.size(), static_cast<std::size_t>(values));
  for (int i = 0; i < values; ++i) {
    Result<int> received = co_await channel.receive();
    EXPECT_EQ(received.value(), i);
  }
  EXPECT_EQ(channel.try_receive(), std::nullopt);
}

template <template <class> class Routine>
Routine<void> receivers_of_an_unbounded_channel_are_served_in_turn(World) {
  Numbers channel;
  JoinHandle<int> stopped = spawn_routine(take_one<Routine>(channel));
  JoinHandle<int> first = spawn_routine(take_one<Routine>(channel));
  JoinHandle<int> second = spawn_routine(take_one<Routine>(channel));
  co_await yield();
  stopped.request_stop();
  EXPECT_TRUE(channel.send(1).has_value());
  EXPECT_TRUE(channel.send(2).has_value());
  Joined<int> none = co_await stopped.join();
  EXPECT_EQ(std::move(none).value(), -ECANCELED);
  Joined<int> one = co_await first.join();
  EXPECT_EQ(std::move(one).value(), 1);
  Joined<int> two = co_await second.join();
  EXPECT_EQ(std::move(two).value(), 2);
}

template <template <class> class Routine>
Routine<void> a_closed_unbounded_channel_yields_what_was_sent_and_then_ends(World) {
  Numbers channel;
  EXPECT_TRUE(channel.send(1).has_value());
  channel.close();
  int refused = 2;
  EXPECT_FALSE(channel.try_send(refused));
  EXPECT_EQ(channel.send(3).error(), std::errc::broken_pipe);
  Result<int> kept = co_await channel.receive();
  EXPECT_EQ(kept.value(), 1);
  Result<int> nothing = co_await channel.receive();
  EXPECT_EQ(nothing.error(), std::errc::broken_pipe);
}

template <template <class> class Routine>
Routine<void> closing_ends_those_who_wait_for_an_unbounded_channel(World) {
  Numbers channel;
  JoinHandle<int> parked = spawn_routine(take_one<Routine>(channel));
  co_await yield();
  channel.close();
  Joined<int> ended = co_await parked.join();
  EXPECT_EQ(std::move(ended).value(), -EPIPE);
}

template <template <class> class Routine>
Routine<void> threads_and_tasks_share_an_unbounded_channel(World) {
  const int values = static_cast<int>(rounds(2'000));
  UnboundedChannel<std::unique_ptr<int>> channel;
  UnboundedChannel<int> back;
  std::thread thread([&] {
    for (int i = 0; i < values; ++i) {
      EXPECT_TRUE(channel.send(std::make_unique<int>(i)).has_value());
    }
    for (int i = 0; i < values; ++i) {
      const Result<int> echoed = wait_in_thread(back.receive());
      EXPECT_EQ(echoed.value(), i);
    }
  });
  for (int i = 0; i < values; ++i) {
    Result<std::unique_ptr<int>> received = co_await channel.receive();
    EXPECT_TRUE(back.send(**received).has_value());
  }
  thread.join();
}

}  // namespace

void add_unbounded_channel_scenarios(Suite& suite) {
  suite.add("a_burst_comes_out_in_the_order_of_the_sends",
            a_burst_comes_out_in_the_order_of_the_sends<Task>,
            a_burst_comes_out_in_the_order_of_the_sends<Script>);
  suite.add("receivers_of_an_unbounded_channel_are_served_in_turn",
            receivers_of_an_unbounded_channel_are_served_in_turn<Task>,
            receivers_of_an_unbounded_channel_are_served_in_turn<Script>, RunOrder::queue);
  suite.add("a_closed_unbounded_channel_yields_what_was_sent_and_then_ends",
            a_closed_unbounded_channel_yields_what_was_sent_and_then_ends<Task>,
            a_closed_unbounded_channel_yields_what_was_sent_and_then_ends<Script>);
  suite.add("closing_ends_those_who_wait_for_an_unbounded_channel",
            closing_ends_those_who_wait_for_an_unbounded_channel<Task>,
            closing_ends_those_who_wait_for_an_unbounded_channel<Script>);
  suite.add("threads_and_tasks_share_an_unbounded_channel",
            threads_and_tasks_share_an_unbounded_channel<Task>,
            threads_and_tasks_share_an_unbounded_channel<Script>);
}

}  // namespace rota::testing_tasks
