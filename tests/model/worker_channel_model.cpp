#include "model/parked_task.hpp"
#include "model/wait_results.hpp"

#include <rota/worker_channel.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>

namespace rota {
namespace {

using model::await_in;
using model::has;
using model::is_done;
using model::never;
using model::ParkedTask;
using model::Suspension;

// One worker sends, with room for so many values.
WorkerChannel<int> make_channel(std::size_t capacity) {
  model::begin_pass();
  model::WatchedHeap heap;
  return WorkerChannel<int>(capacity);
}

// A task of the sending worker sends a value. The pass ends when it is parked, and after every
// other value.
bool send(WorkerChannel<int>& channel, int value, int otherwise) {
  ParkedTask task;
  Suspension wait(task, [&] { return channel.send(value); });
  if (wait.parked() || value % 2 == 1) model::end_pass();
  return is_done(wait.end(), otherwise);
}
Result<int> receive(WorkerChannel<int>& channel) {
  ParkedTask task;
  return await_in(task, [&] { return channel.receive(); });
}

template <int places, int values>
void values_in_order() {
  WorkerChannel<int> channel = make_channel(places);
  model::watch(channel, "channel");
  model::spawn("sender", [&] {
    for (int value = 1; value <= values; ++value) send(channel, value, never);
    model::end_pass();
  });
  for (int value = 1; value <= values; ++value) has(receive(channel), value, never);
  model::join_all();
}

// Somebody closes it meanwhile: what was sent arrives, and nobody is left waiting.
void close_beside_both() {
  WorkerChannel<int> channel = make_channel(1);
  model::watch(channel, "channel");
  int sent = 0;
  model::spawn("sender", [&] {
    for (int value = 1; value <= 2; ++value) sent += send(channel, value, EPIPE) ? 1 : 0;
    model::end_pass();
  });
  model::spawn("closer", [&] { channel.close(); });
  int received = 0;
  while (has(receive(channel), received + 1, EPIPE)) ++received;
  model::join_all();
  model::check(received == sent, "what was sent arrives, and nothing else");
}

// Nobody receives any more, and somebody closes it: a sender without room learns of it.
void close_beside_a_sender() {
  WorkerChannel<int> channel = make_channel(1);
  model::watch(channel, "channel");
  model::spawn("sender", [&] {
    for (int value = 1; value <= 2; ++value) send(channel, value, EPIPE);
    model::end_pass();
  });
  channel.close();
  model::join_all();
}

// The home stops a sender that waits for what the receiver is about to spend.
void stopped_sender_beside_a_receive() {
  WorkerChannel<int> channel = make_channel(1);
  model::watch(channel, "channel");
  model::check(send(channel, 1, never), "there is room");
  ParkedTask task;
  Suspension wait(task, [&] { return channel.send(2); });
  model::check(wait.parked(), "it is full");
  bool sent = false;
  model::spawn("next", [&] { sent = is_done(wait.end(), ECANCELED); });
  model::Thread receiver = model::spawn("receiver", [&] { has(receive(channel), 1, never); });
  task.look_to_stop();
  receiver.join();
  channel.close();
  model::join_all();
  model::check(task.wakes() == 1, "a suspension is ended by one wake");
  model::check(has(receive(channel), 2, EPIPE) == sent, "a stopped send sends nothing");
}

// The home stops a receiver while a batch comes.
void stopped_receiver_beside_a_batch() {
  WorkerChannel<int> channel = make_channel(1);
  model::watch(channel, "channel");
  ParkedTask task;
  Suspension wait(task, [&] { return channel.receive(); });
  bool received = false;
  model::spawn("next", [&] { received = has(wait.end(), 1, ECANCELED); });
  model::spawn("sender", [&] { send(channel, 1, never); });
  task.look_to_stop();
  model::join_all();
  model::check(task.wakes() == 1, "a suspension is ended by one wake");
  channel.close();
  model::check(has(receive(channel), 1, EPIPE) != received, "a stopped receive loses nothing");
}

// The channel goes while the errand of its last value is with the worker.
void end_beside_the_errand() {
  {
    WorkerChannel<int> channel = make_channel(1);
    model::watch(channel, "channel");
    ParkedTask task;
    is_done(await_in(task, [&] { return channel.send(1); }), never);
    model::spawn("worker", [] { model::end_pass(); });
  }
  model::join_all();
  model::check(model::blocks_left() == 0, "a lane is freed once");
}

TEST(worker_channel, values_arrive_in_order_through_one_place) {
  model::expect_holds(model::explore_watched({.preemptions = 4}, values_in_order<1, 2>));
}

TEST(worker_channel, values_arrive_in_order_through_two_places) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, values_in_order<2, 4>));
}

TEST(worker_channel, a_close_loses_nothing_that_was_sent_and_leaves_nobody_waiting) {
  model::expect_holds(model::explore_watched({.preemptions = 2}, close_beside_both));
}

TEST(worker_channel, a_close_ends_the_wait_of_a_sender_that_nobody_receives_from) {
  model::expect_holds(model::explore_watched({.preemptions = 4}, close_beside_a_sender));
}

TEST(worker_channel, a_stop_and_a_place_end_a_wait_once) {
  model::expect_holds(model::explore_watched({.preemptions = 4}, stopped_sender_beside_a_receive));
}

TEST(worker_channel, a_stopped_receive_takes_the_value_or_leaves_it) {
  model::expect_holds(model::explore_watched({.preemptions = 4}, stopped_receiver_beside_a_batch));
}

TEST(worker_channel, a_lane_is_freed_once_whoever_is_last) {
  model::expect_holds(model::explore_watched({}, end_beside_the_errand));
}

}  // namespace
}  // namespace rota
