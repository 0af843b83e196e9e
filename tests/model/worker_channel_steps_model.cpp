// For the faults planted here. The code that ships is explored by
// worker_channel_model.cpp.

#include "model/expect.hpp"
#include "model/worker_channel_lane.hpp"

namespace rota {
namespace {

using channel_model::Fault;
using channel_model::Lane;
using channel_model::Node;
using channel_model::Outcome;
using channel_model::Wait;
using model::Failure;

// A sender with room for `places` values and more to send, and whoever receives them.
template <Fault fault, int places, int values>
void values_in_order() {
  Lane<fault> lane;
  Node nodes[places];
  model::label(lane, "lane");
  model::label(nodes, "nodes");
  for (Node& node : nodes) lane.room.push(node);
  model::Thread sender = model::spawn("sender", [&lane] {
    for (int value = 1; value <= values; ++value) {
      model::check(lane.send(value) == Outcome::done, "nobody has closed it");
    }
    lane.end_pass();
  });
  for (int value = 1; value <= values; ++value) {
    model::check(lane.receive() == value, "what one worker sends arrives in order, once");
  }
  sender.join();
}

// Somebody closes it meanwhile: what was sent arrives, and nobody is left waiting.
template <Fault fault>
void close_beside_both() {
  Lane<fault> lane;
  Node node;
  model::label(lane, "lane");
  model::label(node, "node");
  lane.room.push(node);
  int sent = 0;
  model::Thread sender = model::spawn("sender", [&] {
    for (int value = 1; value <= 2; ++value) {
      if (lane.send(value) == Outcome::done) ++sent;
    }
    lane.end_pass();
  });
  model::Thread closer = model::spawn("closer", [&lane] { lane.close(); });
  int received = 0;
  while (lane.receive() != 0) ++received;
  sender.join();
  closer.join();
  model::check(received == sent, "what was sent arrives, and nothing else");
}

// Nobody receives any more, and somebody closes it: a sender without room learns of it.
template <Fault fault>
void close_beside_a_sender() {
  Lane<fault> lane;
  Node node;
  model::label(lane, "lane");
  model::label(node, "node");
  lane.room.push(node);
  model::Thread sender = model::spawn("sender", [&lane] {
    for (int value = 1; value <= 2; ++value) static_cast<void>(lane.send(value));
    lane.end_pass();
  });
  lane.close();
  sender.join();
}

// The home stops a sender that waits for what the receiver is about to spend.
template <Fault fault>
void stop_beside_a_receive() {
  Lane<fault> lane;
  Node node;
  model::label(lane, "lane");
  model::label(node, "node");
  lane.room.push(node);
  Wait first;
  Wait second;
  Atomic<int> looking{0};
  if (lane.start_send(first, 1)) return;
  if (!lane.start_send(second, 2)) return;
  model::Thread home = model::spawn("home", [&] {
    lane.stop_sending(second);
    looking.store(1, MemoryOrder::release);
  });
  model::Thread receiver = model::spawn(
      "receiver", [&lane] { model::check(lane.receive() == 1, "the first value arrives"); });
  second.ready.wait();
  // Until the look is over the task does not run (home_word.hpp).
  model::wait_until([&looking] { return looking.load(MemoryOrder::acquire) != 0; });
  const bool stopped = second.outcome == Outcome::stopped;
  second.gone();
  home.join();
  receiver.join();
  model::check(second.ready.sets() == 1, "a suspension ends by one wake");
  model::check(stopped == (lane.mail.first == nullptr), "a stopped send sends nothing");
}

// The channel goes while the errand of its last value is with the worker.
template <Fault fault>
void abandon_beside_the_errand() {
  Lane<fault> lane;
  Node node;
  model::label(lane, "lane");
  lane.room.push(node);
  Wait wait;
  if (lane.start_send(wait, 1)) return;
  model::Thread worker = model::spawn("worker", [&lane] { lane.end_pass(); });
  lane.close();
  lane.abandon();
  worker.join();
  model::check(lane.freed == 1, "a lane is freed once");
}

TEST(worker_channel_steps, values_arrive_in_order_through_one_place) {
  model::expect_holds(model::explore({}, values_in_order<Fault::none, 1, 2>));
}

TEST(worker_channel_steps, values_arrive_in_order_through_two_places) {
  model::expect_holds(model::explore({.preemptions = 4}, values_in_order<Fault::none, 2, 4>));
}

TEST(worker_channel_steps, a_close_loses_nothing_that_was_sent_and_leaves_nobody_waiting) {
  model::expect_holds(model::explore({.preemptions = 3}, close_beside_both<Fault::none>));
}

TEST(worker_channel_steps, a_close_ends_the_wait_of_a_sender_that_nobody_receives_from) {
  model::expect_holds(model::explore({.preemptions = 4}, close_beside_a_sender<Fault::none>));
}

TEST(worker_channel_steps, a_stop_and_a_place_end_a_wait_once) {
  model::expect_holds(model::explore({}, stop_beside_a_receive<Fault::none>));
}

TEST(worker_channel_steps, a_lane_is_freed_once_whoever_is_last) {
  model::expect_holds(model::explore({}, abandon_beside_the_errand<Fault::none>));
}

TEST(worker_channel_steps, planted_wait_before_the_batch_is_published_is_found) {
  model::expect_found(model::explore({}, values_in_order<Fault::waits_before_it_publishes, 2, 3>),
                      Failure::Kind::check);
}

TEST(worker_channel_steps, planted_publication_that_wakes_nobody_is_found) {
  model::expect_found(model::explore({}, values_in_order<Fault::publishes_and_wakes_nobody, 1, 2>),
                      Failure::Kind::deadlock);
}

TEST(worker_channel_steps, planted_wait_without_a_look_at_what_is_spent_is_found) {
  model::expect_found(
      model::explore({}, values_in_order<Fault::waits_without_a_look_at_what_is_spent, 1, 2>),
      Failure::Kind::deadlock);
}

TEST(worker_channel_steps, planted_receiver_that_looks_too_early_is_found) {
  model::expect_found(
      model::explore({}, values_in_order<Fault::receiver_looks_before_the_lock, 1, 2>),
      Failure::Kind::deadlock);
}

TEST(worker_channel_steps, planted_spending_without_the_lock_is_found) {
  model::expect_found(model::explore({}, values_in_order<Fault::spends_without_the_lock, 1, 2>),
                      Failure::Kind::race);
}

TEST(worker_channel_steps, planted_wake_of_a_sender_before_its_value_is_moved_is_found) {
  model::expect_found(
      model::explore({}, values_in_order<Fault::wakes_a_sender_before_its_value_is_moved, 1, 2>),
      Failure::Kind::race);
}

TEST(worker_channel_steps, planted_close_that_looks_too_early_is_found) {
  model::expect_found(model::explore({}, close_beside_a_sender<Fault::close_looks_before_the_lock>),
                      Failure::Kind::deadlock);
}

TEST(worker_channel_steps, planted_stop_that_does_not_look_is_found) {
  model::expect_found(model::explore({}, stop_beside_a_receive<Fault::stop_does_not_look>),
                      Failure::Kind::check);
}

TEST(worker_channel_steps, planted_lane_that_is_freed_under_its_errand_is_found) {
  model::expect_found(
      model::explore({}, abandon_beside_the_errand<Fault::frees_what_is_with_the_worker>),
      Failure::Kind::race);
}

}  // namespace
}  // namespace rota
