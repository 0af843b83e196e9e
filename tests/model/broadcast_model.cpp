#include "model/parked_task.hpp"
#include "model/wait_results.hpp"

#include <rota/broadcast.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace rota {
namespace {

using model::await_in;
using model::has;
using model::is_done;
using model::never;
using model::ParkedTask;
using model::Suspension;

// With room for one value.
Broadcast<int> make_broadcast() {
  model::WatchedHeap heap;
  return Broadcast<int>(1);
}

Result<int> receive(BroadcastReader<int>& reader) {
  ParkedTask task;
  return await_in(task, [&] { return reader.receive(); });
}

// Two values are sent, into the place of one: the reader sees each, or is told.
void two_sends() {
  Broadcast<int> topic = make_broadcast();
  model::watch(topic, "broadcast");
  BroadcastReader<int> reader = topic.subscribe();
  model::spawn("sender", [&] {
    for (int value = 1; value <= 2; ++value) is_done(topic.send(value), never);
  });
  std::uint64_t accounted = 0;
  int newest = 0;
  while (accounted < 2) {
    const Result<int> result = receive(reader);
    if (result) {
      model::check(*result > newest, "in the order in which they were sent");
      newest = *result;
      accounted += 1;
    } else {
      const std::uint64_t missed = values_missed(result.error());
      model::check(missed == 1, "what was missed is said");
      accounted += missed;
    }
  }
  model::check(newest == 2, "the newest is never missed");
  model::join_all();
}

// One value is sent before the close: both readers see it, and then the end.
void send_and_close_beside_two_readers() {
  Broadcast<int> topic = make_broadcast();
  model::watch(topic, "broadcast");
  BroadcastReader<int> readers[] = {topic.subscribe(), topic.subscribe()};
  for (BroadcastReader<int>& reader : readers) {
    model::spawn("reader", [&reader] {
      model::check(has(receive(reader), 7, EPIPE), "first the value");
      model::check(!has(receive(reader), never, EPIPE), "then the end");
    });
  }
  is_done(topic.send(7), never);
  topic.close();
  model::join_all();
}

// A stop meets a value, which is there for the next wait.
void a_stop_beside_a_send() {
  Broadcast<int> topic = make_broadcast();
  model::watch(topic, "broadcast");
  BroadcastReader<int> reader = topic.subscribe();
  model::watch(reader, "reader");
  ParkedTask task;
  Suspension wait(task, [&] { return reader.receive(); });
  model::spawn("next", [&] {
    if (has(wait.end(), 7, ECANCELED)) return;
    model::check(has(await_in(task, [&] { return reader.receive(); }), 7, EPIPE),
                 "a stopped receive loses nothing");
  });
  model::spawn("sender", [&] { is_done(topic.send(7), never); });
  task.look_to_stop();
  model::join_all();
}

TEST(broadcast, each_value_is_seen_or_said_to_be_missed) {
  model::expect_holds(model::explore_watched({.preemptions = 5}, two_sends));
}

TEST(broadcast, a_close_comes_after_what_was_sent) {
  model::expect_holds(
      model::explore_watched({.preemptions = 3}, send_and_close_beside_two_readers));
}

TEST(broadcast, a_stopped_wait_leaves_the_value) {
  model::expect_holds(model::explore_watched({.preemptions = 4}, a_stop_beside_a_send));
}

}  // namespace
}  // namespace rota
