#include "model/parked_task.hpp"
#include "model/wait_results.hpp"

#include <rota/oneshot.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

namespace rota {
namespace {

using model::await_in;
using model::has;
using model::ParkedTask;
using model::Suspension;

// What both halves share is a block of the heap.
Oneshot<int> make_watched() {
  model::WatchedHeap heap;
  return make_oneshot<int>();
}
void check_freed() { model::check(model::blocks_left() == 0, "the second half frees"); }

enum class Sender { sends, goes };

void end(OneshotSender<int>&& half, Sender sender) {
  OneshotSender<int> mine(std::move(half));
  int value = 7;
  if (sender == Sender::sends) {
    const bool taken = mine.try_send(value);
    model::check(taken || value == 7, "the value stays with a sender who is refused");
  }
}

// The receiver waits and lets go while the sender sends, or goes without.
template <Sender sender>
void receive_beside_the_end() {
  auto [sending, receiving] = make_watched();
  model::spawn("sender", [&] { end(std::move(sending), sender); });
  {
    OneshotReceiver<int> mine(std::move(receiving));
    ParkedTask task;
    const bool received = has(await_in(task, [&] { return mine.receive(); }), 7, EPIPE);
    model::check(received == (sender == Sender::sends), "what was sent comes, and else the end");
  }
  model::join_all();
  check_freed();
}

// The receiver goes without waiting.
void drop_beside_a_send() {
  auto [sending, receiving] = make_watched();
  model::spawn("sender", [&] { end(std::move(sending), Sender::sends); });
  static_cast<void>(OneshotReceiver<int>(std::move(receiving)));
  model::join_all();
  check_freed();
}

// A stop meets the value, which is there for whoever waits again.
void a_stop_beside_a_send() {
  auto [sending, receiving] = make_watched();
  model::watch(receiving, "receiver");
  ParkedTask task;
  Suspension wait(task, [&] { return receiving.receive(); });
  model::spawn("next", [&] {
    if (!has(wait.end(), 7, ECANCELED)) {
      model::check(has(await_in(task, [&] { return receiving.receive(); }), 7, EPIPE),
                   "a stopped receive loses nothing");
    }
    static_cast<void>(OneshotReceiver<int>(std::move(receiving)));
  });
  model::spawn("sender", [&] { end(std::move(sending), Sender::sends); });
  task.look_to_stop();
  model::join_all();
  check_freed();
}

TEST(oneshot, a_value_or_the_end_reaches_the_receiver_and_the_second_half_frees) {
  model::expect_holds(model::explore_watched({}, receive_beside_the_end<Sender::sends>));
  model::expect_holds(model::explore_watched({}, receive_beside_the_end<Sender::goes>));
}

TEST(oneshot, halves_that_go_at_once_free_once) {
  model::expect_holds(model::explore_watched({}, drop_beside_a_send));
}

TEST(oneshot, a_stopped_wait_leaves_the_value) {
  model::expect_holds(model::explore_watched({.preemptions = 4}, a_stop_beside_a_send));
}

}  // namespace
}  // namespace rota
