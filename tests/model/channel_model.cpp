#include "model/parked_task.hpp"
#include "model/wait_results.hpp"

#include <rota/channel.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>

namespace rota {
namespace {

using model::await_in;
using model::Failure;
using model::GoesOn;
using model::has;
using model::is_done;
using model::never;
using model::ParkedTask;
using model::Suspension;

// With room for one value.
Channel<int> make_channel() {
  model::WatchedHeap heap;
  return Channel<int>(1);
}

Result<void> send(Channel<int>& channel, int value) {
  ParkedTask task;
  return await_in(task, [&] { return channel.send(value); });
}
Result<int> receive(Channel<int>& channel) {
  ParkedTask task;
  return await_in(task, [&] { return channel.receive(); });
}
void fill(Channel<int>& channel, int value) {
  model::check(channel.try_send(value), "there is room");
}

// One receives while another sends and a third closes.
void send_beside_a_close() {
  Channel<int> channel = make_channel();
  model::watch(channel, "channel");
  bool sent = false;
  model::spawn("sender", [&] { sent = is_done(send(channel, 7), EPIPE); });
  model::spawn("closer", [&] { channel.close(); });
  const bool received = has(receive(channel), 7, EPIPE);
  model::join_all();
  model::check(received == sent, "what was sent arrives, and nothing else");
  model::check(!channel.try_receive(), "once");
}

// Two wait, or are about to, when it is closed.
void close_beside_two_receivers() {
  Channel<int> channel = make_channel();
  model::watch(channel, "channel");
  const auto receiver = [&] { has(receive(channel), 0, EPIPE); };
  model::spawn("one", receiver);
  model::spawn("other", receiver);
  channel.close();
  model::join_all();
}

// A channel that is full: one sends to it, another receives, a third closes.
void full_beside_a_receive_and_a_close() {
  Channel<int> channel = make_channel();
  model::watch(channel, "channel");
  fill(channel, 1);
  bool sent = false;
  model::spawn("sender", [&] { sent = is_done(send(channel, 2), EPIPE); });
  model::spawn("receiver", [&] { model::check(has(receive(channel), 1, EPIPE), "the first"); });
  channel.close();
  model::join_all();
  const std::optional<int> left = channel.try_receive();
  model::check(left == (sent ? std::optional<int>(2) : std::nullopt),
               "what was sent is kept, and nothing else");
}

// A receiver is stopped while another worker hands it a value, and goes on elsewhere.
template <GoesOn goes_on>
void stopped_receiver_beside_a_send() {
  Channel<int> channel = make_channel();
  model::watch(channel, "channel");
  ParkedTask task(goes_on);
  Suspension wait(task, [&] { return channel.receive(); });
  model::check(wait.parked(), "there is nothing yet");
  bool received = false;
  model::spawn("next", [&] { received = has(wait.end(), 7, ECANCELED); });
  model::spawn("sender", [&] { model::check(is_done(send(channel, 7), never), "nobody closes"); });
  task.look_to_stop();
  model::join_all();
  model::check(task.wakes() == 1, "a suspension is ended by one wake");
  const std::optional<int> left = channel.try_receive();
  model::check(left == (received ? std::nullopt : std::optional<int>(7)),
               "a stopped receive loses no value");
}

// Of two receivers in line the first is stopped while a value comes.
void stopped_first_of_two_receivers() {
  Channel<int> channel = make_channel();
  model::watch(channel, "channel");
  ParkedTask first;
  ParkedTask second;
  const auto call = [&] { return channel.receive(); };
  Suspension first_wait(first, call);
  Suspension second_wait(second, call);
  bool first_has = false;
  bool second_has = false;
  model::spawn("first", [&] { first_has = has(first_wait.end(), 7, ECANCELED); });
  model::spawn("second", [&] { second_has = has(second_wait.end(), 7, EPIPE); });
  model::Thread sender = model::spawn("sender", [&] { fill(channel, 7); });
  first.look_to_stop();
  sender.join();
  channel.close();
  model::join_all();
  model::check(first_has != second_has, "one of them has it");
}

// A sender is stopped while another worker makes room for its value.
void stopped_sender_beside_a_receive() {
  Channel<int> channel = make_channel();
  model::watch(channel, "channel");
  fill(channel, 1);
  ParkedTask task;
  Suspension wait(task, [&] { return channel.send(2); });
  model::check(wait.parked(), "it is full");
  bool sent = false;
  model::spawn("next", [&] { sent = is_done(wait.end(), ECANCELED); });
  model::spawn("receiver", [&] { model::check(has(receive(channel), 1, never), "the first"); });
  task.look_to_stop();
  model::join_all();
  model::check(task.wakes() == 1, "a suspension is ended by one wake");
  const std::optional<int> left = channel.try_receive();
  model::check(left == (sent ? std::optional<int>(2) : std::nullopt),
               "a stopped send sends nothing, and one that was not stopped its value");
}

TEST(channel, a_value_beside_a_close_is_sent_and_received_or_neither) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, send_beside_a_close));
}

TEST(channel, a_close_ends_the_waits_of_two_and_touches_none_that_has_gone_on) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, close_beside_two_receivers));
}

TEST(channel, a_close_of_a_full_one_loses_nothing_that_was_sent) {
  model::expect_holds(
      model::explore_watched({.preemptions = 3}, full_beside_a_receive_and_a_close));
}

TEST(channel, a_stopped_receive_takes_the_value_or_leaves_it) {
  model::expect_holds(
      model::explore_watched({}, stopped_receiver_beside_a_send<GoesOn::after_the_look>));
}

TEST(channel, a_value_beside_a_stop_goes_to_one_of_two) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, stopped_first_of_two_receivers));
}

TEST(channel, a_stopped_send_enters_the_channel_or_does_not) {
  model::expect_holds(model::explore_watched({}, stopped_sender_beside_a_receive));
}

TEST(channel, planted_task_that_goes_on_under_the_look_is_found) {
  model::expect_found(
      model::explore_watched({}, stopped_receiver_beside_a_send<GoesOn::under_the_look>),
      Failure::Kind::race);
}

}  // namespace
}  // namespace rota
