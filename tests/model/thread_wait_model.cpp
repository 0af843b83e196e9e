#include "model/parked_task.hpp"
#include "model/wait_results.hpp"

#include <rota/channel.hpp>
#include <rota/event.hpp>
#include <rota/thread_wait.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace rota {
namespace {

using model::has;
using model::is_done;
using model::never;

// A plain thread waits for an event. From the wake on it may be gone, and its waiter with it.
void wait_beside_a_set() {
  Event event;
  model::watch(event, "event");
  model::spawn("setter", [&] { event.set(); });
  is_done(wait_in_thread(event.wait()), never);
  model::join_all();
}

// What wait_in_thread does, with a waiter whose end is seen.
void the_end_of_a_waiter() {
  Event event;
  model::watch(event, "event");
  model::spawn("setter", [&] { event.set(); });
  {
    auto awaited = event.wait();
    ThreadWaiter thread;
    model::watch(awaited, "frame");
    model::watch(thread, "waiter");
    if (awaited.leaf().start(thread)) thread.sleep();
    is_done(awaited.leaf().finish(), never);
    model::end_of(&awaited);
    model::end_of(&thread);
  }
  model::join_all();
}

Channel<int> make_channel() {
  model::WatchedHeap heap;
  return Channel<int>(1);
}

// Two threads and a channel: what one sends the other has, then the end.
void a_thread_receives() {
  Channel<int> channel = make_channel();
  model::watch(channel, "channel");
  model::spawn("sender", [&] {
    is_done(wait_in_thread(channel.send(7)), never);
    channel.close();
  });
  model::check(has(wait_in_thread(channel.receive()), 7, never), "the value");
  model::check(!has(wait_in_thread(channel.receive()), never, EPIPE), "then the end");
  model::join_all();
}

TEST(thread_wait, a_thread_is_woken_once_and_its_waiter_is_not_touched_afterwards) {
  model::expect_holds(model::explore_watched({}, wait_beside_a_set));
  model::expect_holds(model::explore_watched({}, the_end_of_a_waiter));
}

TEST(thread_wait, a_thread_receives_what_another_sends) {
  model::expect_holds(model::explore_watched({.preemptions = 4}, a_thread_receives));
}

}  // namespace
}  // namespace rota
