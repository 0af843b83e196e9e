#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <vector>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<void> send_range(Channel<int>& channel, int first, int count) {
  for (int i = 0; i < count; ++i) {
    Result<void> sent = co_await channel.send(first + i);
    EXPECT_TRUE(sent.has_value());
  }
}

template <template <class> class Routine>
Routine<void> values_come_out_in_the_order_of_the_sends(World) {
  Channel<int> channel(3);
  JoinHandle<void> sender = spawn_routine(send_range<Routine>(channel, 0, 500));
  for (int i = 0; i < 500; ++i) {
    Result<int> received = co_await channel.receive();
    EXPECT_EQ(received.value(), i);
  }
  Joined<void> joined = co_await sender.join();
  EXPECT_TRUE(joined.has_value());
}

template <template <class> class Routine>
Routine<void> receive_and_note(Channel<int>& channel, int id, std::vector<int>& order) {
  Result<int> received = co_await channel.receive();
  order.push_back(id * 100 + received.value_or(-1));
}

template <template <class> class Routine>
Routine<void> receivers_are_served_in_the_order_of_their_waits(World) {
  Channel<int> channel(1);
  std::vector<int> order;
  JoinHandle<void> first = spawn_routine(receive_and_note<Routine>(channel, 1, order));
  JoinHandle<void> second = spawn_routine(receive_and_note<Routine>(channel, 2, order));
  co_await yield();
  Result<void> sent = co_await channel.send(7);
  EXPECT_TRUE(sent.has_value());
  sent = co_await channel.send(8);
  Joined<void> joined = co_await second.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_EQ(order, (std::vector{107, 208}));
}

template <template <class> class Routine>
Routine<int> try_to_send(Channel<int>& channel, int value) {
  Result<void> sent = co_await channel.send(value);
  co_return sent ? 0 : sent.error().value();
}
template <template <class> class Routine>
Routine<int> try_to_receive(Channel<int>& channel) {
  Result<int> received = co_await channel.receive();
  co_return received ? *received : -received.error().value();
}

template <template <class> class Routine>
Routine<void> close_ends_waiting_senders_and_keeps_what_was_sent(World) {
  Channel<int> channel(1);
  Result<void> sent = co_await channel.send(1);
  EXPECT_TRUE(sent.has_value());
  JoinHandle<int> parked = spawn_routine(try_to_send<Routine>(channel, 2));
  co_await yield();
  channel.close();
  Joined<int> refused = co_await parked.join();
  EXPECT_EQ(std::move(refused).value(), EPIPE);
  Result<int> kept = co_await channel.receive();
  EXPECT_EQ(kept.value(), 1);
  Result<int> nothing = co_await channel.receive();
  EXPECT_EQ(nothing.error(), std::errc::broken_pipe);
  sent = co_await channel.send(3);
  EXPECT_EQ(sent.error(), std::errc::broken_pipe);
}

template <template <class> class Routine>
Routine<void> close_ends_waiting_receivers(World) {
  Channel<int> channel(1);
  JoinHandle<int> parked = spawn_routine(try_to_receive<Routine>(channel));
  co_await yield();
  channel.close();
  Joined<int> ended = co_await parked.join();
  EXPECT_EQ(std::move(ended).value(), -EPIPE);
}

template <template <class> class Routine>
Routine<void> a_cancelled_receive_takes_nothing(World) {
  Channel<int> channel(1);
  JoinHandle<int> stopped = spawn_routine(try_to_receive<Routine>(channel));
  JoinHandle<int> next = spawn_routine(try_to_receive<Routine>(channel));
  co_await yield();
  stopped.request_stop();
  Result<void> sent = co_await channel.send(5);
  EXPECT_TRUE(sent.has_value());
  Joined<int> none = co_await stopped.join();
  EXPECT_EQ(std::move(none).value(), -ECANCELED);
  Joined<int> value = co_await next.join();
  EXPECT_EQ(std::move(value).value(), 5);
}

template <template <class> class Routine>
Routine<void> a_cancelled_send_leaves_no_value(World) {
  Channel<int> channel(1);
  Result<void> sent = co_await channel.send(1);
  EXPECT_TRUE(sent.has_value());
  JoinHandle<int> stopped = spawn_routine(try_to_send<Routine>(channel, 2));
  JoinHandle<int> next = spawn_routine(try_to_send<Routine>(channel, 3));
  co_await yield();
  stopped.request_stop();
  Joined<int> refused = co_await stopped.join();
  EXPECT_EQ(std::move(refused).value(), ECANCELED);
  Result<int> first = co_await channel.receive();
  Result<int> second = co_await channel.receive();
  EXPECT_EQ(first.value(), 1);
  EXPECT_EQ(second.value(), 3);
  Joined<int> joined = co_await next.join();
  EXPECT_EQ(std::move(joined).value(), 0);
}

template <template <class> class Routine>
Routine<void> try_receive_takes_what_is_there_and_never_waits(World) {
  Channel<int> channel(1);
  EXPECT_EQ(channel.try_receive(), std::nullopt);
  Result<void> sent = co_await channel.send(1);
  EXPECT_TRUE(sent.has_value());
  JoinHandle<int> parked = spawn_routine(try_to_send<Routine>(channel, 2));
  co_await yield();
  // What is taken makes room for the sender that waits.
  EXPECT_EQ(channel.try_receive(), 1);
  Joined<int> joined = co_await parked.join();
  EXPECT_EQ(std::move(joined).value(), 0);
  channel.close();
  EXPECT_EQ(channel.try_receive(), 2);
  EXPECT_EQ(channel.try_receive(), std::nullopt);
}

}  // namespace

void add_channel_scenarios(Suite& suite) {
  suite.add("values_come_out_in_the_order_of_the_sends",
            values_come_out_in_the_order_of_the_sends<Task>,
            values_come_out_in_the_order_of_the_sends<Script>);
  suite.add("receivers_are_served_in_the_order_of_their_waits",
            receivers_are_served_in_the_order_of_their_waits<Task>,
            receivers_are_served_in_the_order_of_their_waits<Script>, RunOrder::queue);
  suite.add("close_ends_waiting_senders_and_keeps_what_was_sent",
            close_ends_waiting_senders_and_keeps_what_was_sent<Task>,
            close_ends_waiting_senders_and_keeps_what_was_sent<Script>);
  suite.add("close_ends_waiting_receivers", close_ends_waiting_receivers<Task>,
            close_ends_waiting_receivers<Script>);
  suite.add("a_cancelled_receive_takes_nothing", a_cancelled_receive_takes_nothing<Task>,
            a_cancelled_receive_takes_nothing<Script>, RunOrder::queue);
  suite.add("a_cancelled_send_leaves_no_value", a_cancelled_send_leaves_no_value<Task>,
            a_cancelled_send_leaves_no_value<Script>, RunOrder::queue);
  suite.add("try_receive_takes_what_is_there_and_never_waits",
            try_receive_takes_what_is_there_and_never_waits<Task>,
            try_receive_takes_what_is_there_and_never_waits<Script>);
}

}  // namespace rota::testing_tasks
