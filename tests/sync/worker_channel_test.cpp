#include "sched/grid.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace rota::testing_sched {
namespace {

using namespace std::chrono_literals;

constexpr int kValues = address_sanitizer || thread_sanitizer ? 2'000 : 20'000;

class WorkerChannelTest : public GridTest {};

INSTANTIATE_TEST_SUITE_P(PerCore, WorkerChannelTest, testing::ValuesIn(kPerCoreCells),
                         name_of_cell);
INSTANTIATE_TEST_SUITE_P(Stealing, WorkerChannelTest, testing::ValuesIn(kStealingCells),
                         name_of_cell);

struct Message {
  std::size_t sender;
  int number;
};

Task<void> send_numbers(WorkerChannel<Message>& channel, std::size_t sender, int count) {
  for (int i = 0; i < count; ++i) {
    Message message{sender, i};
    Result<void> sent = co_await channel.send(message);
    EXPECT_TRUE(sent.has_value());
    if (i % 100 == 0) co_await yield();
  }
}
Task<void> send_and_close(WorkerChannel<Message>& channel, int count) {
  auto send_from = [&](WorkerIndex worker) { return send_numbers(channel, worker, count); };
  co_await submit_to_all(send_from);
  channel.close();
}
/// Each number of each sender, once; in order if nothing moves.
Task<void> receive_numbers(WorkerChannel<Message>& channel, int count) {
  std::vector<int> next(worker_count());
  std::vector<std::int64_t> sums(worker_count());
  const bool in_order = !tasks_move();
  for (;;) {
    Result<Message> message = co_await channel.receive();
    if (!message) {
      EXPECT_EQ(message.error(), std::errc::broken_pipe);
      break;
    }
    if (in_order && message->number != next[message->sender]) ADD_FAILURE() << message->number;
    next[message->sender] += 1;
    sums[message->sender] += message->number;
  }
  for (std::size_t sender = 0; sender < next.size(); ++sender) {
    EXPECT_EQ(next[sender], count) << "from " << sender;
    EXPECT_EQ(sums[sender], std::int64_t{count} * (count - 1) / 2) << "from " << sender;
  }
}
Task<void> send_from_all(std::size_t capacity, int count) {
  WorkerChannel<Message> channel(capacity);
  co_await with_scope([&](Scope& scope) -> Task<void> {
    scope.spawn_on(1, receive_numbers(channel, count));
    scope.spawn_on(0, send_and_close(channel, count));
    co_return;
  });
}

TEST_P(WorkerChannelTest, what_every_worker_sends_arrives_once_and_in_order) {
  runtime().block_on(send_from_all(256, kValues));
}
TEST_P(WorkerChannelTest, senders_wait_where_there_is_room_for_one) {
  runtime().block_on(send_from_all(1, kValues / 20));
}

Task<void> send_in_one_run(WorkerChannel<int>& channel, int count) {
  for (int i = 0; i < count; ++i) {
    Result<void> sent = co_await channel.send(i);
    EXPECT_TRUE(sent.has_value());
  }
}

/// The numbers from 0 on; in order if nothing moves.
Task<int> receive_some(WorkerChannel<int>& channel, int count) {
  const bool in_order = !tasks_move();
  int received = 0;
  int sum = 0;
  while (received < count) {
    Result<int> value = co_await channel.receive();
    if (in_order) {
      EXPECT_EQ(value.value_or(-1), received);
    }
    sum += value.value_or(-1);
    received += 1;
  }
  EXPECT_EQ(sum, count * (count - 1) / 2);
  co_return received;
}
/// All are sent before the receiver begins to wait for them, or while it does.
Task<std::uint64_t> count_batches() {
  constexpr int kSent = 1000;
  WorkerChannel<int> channel(kSent);
  JoinHandle<int> receiver = spawn_on(1, receive_some(channel, kSent));
  JoinHandle<void> sender = spawn_on(0, send_in_one_run(channel, kSent));
  Joined<int> received = co_await receiver.join();
  EXPECT_EQ(std::move(received).value(), kSent);
  Joined<void> sent = co_await sender.join();
  EXPECT_TRUE(sent.has_value());
  co_return channel.batches();
}

// The budget of a task ends a run after so many units; of 1000 values that leaves eight runs.
TEST_P(WorkerChannelTest, values_sent_in_one_run_travel_in_batches) {
  const std::uint64_t batches = runtime().block_on(count_batches());
  EXPECT_LE(batches, 1000u / 16);
  EXPECT_GE(batches, 1000u / WorkerChannelCore::kBatchValues);
}

Task<void> send_one(WorkerChannel<int>& channel) {
  Result<void> sent = co_await channel.send(7);
  EXPECT_TRUE(sent.has_value());
}
/// A batch of one is not held back: the receiver is the only one who has something to do.
Task<int> send_a_single_one() {
  WorkerChannel<int> channel(64);
  JoinHandle<int> receiver = spawn_on(1, [](WorkerChannel<int>& from) -> Task<int> {
    Result<int> value = co_await from.receive();
    co_return value.value_or(-1);
  }(channel));
  co_await submit_to(0, [&] { return send_one(channel); });
  Joined<int> received = co_await receiver.join();
  co_return std::move(received).value();
}

TEST_P(WorkerChannelTest, a_single_value_is_on_its_way_at_the_end_of_the_pass) {
  EXPECT_EQ(runtime().block_on(send_a_single_one()), 7);
}

Task<void> fill_and_wait(WorkerChannel<int>& channel, Event& full, std::error_code& ended) {
  Result<void> sent = co_await channel.send(1);
  EXPECT_TRUE(sent.has_value());
  sent = co_await channel.send(2);
  EXPECT_TRUE(sent.has_value());
  full.set();
  sent = co_await channel.send(3);
  if (!sent) ended = sent.error();
}
enum class End : std::uint8_t { stop, close };
Task<void> end_a_full_channel(End how, std::error_code& ended) {
  WorkerChannel<int> channel(2);
  Event full;
  JoinHandle<void> sender = spawn_on(0, fill_and_wait(channel, full, ended));
  Result<void> filled = co_await full.wait();
  EXPECT_TRUE(filled.has_value());
  // On the sender's worker, which has parked it by the time that this runs.
  co_await submit_to(0, [&] {
    if (how == End::close) channel.close();
    if (how == End::stop) sender.request_stop();
  });
  Joined<void> joined = co_await sender.join();
  EXPECT_TRUE(joined.has_value());
  channel.close();
  for (int expected = 1; expected <= 2; ++expected) {
    Result<int> value = co_await channel.receive();
    EXPECT_EQ(value.value_or(-1), expected) << "what was sent before the end was lost";
  }
  Result<int> nothing = co_await channel.receive();
  EXPECT_FALSE(nothing.has_value());
}

TEST_P(WorkerChannelTest, a_sender_that_waits_is_cancelled) {
  std::error_code ended;
  runtime().block_on(end_a_full_channel(End::stop, ended));
  EXPECT_EQ(ended, std::errc::operation_canceled);
}
TEST_P(WorkerChannelTest, a_sender_that_waits_is_told_that_the_channel_was_closed) {
  std::error_code ended;
  runtime().block_on(end_a_full_channel(End::close, ended));
  EXPECT_EQ(ended, std::errc::broken_pipe);
}

Task<std::error_code> receive_until_stopped(WorkerChannel<int>& channel, Event& began) {
  began.set();
  Result<int> value = co_await channel.receive();
  co_return value ? std::error_code() : value.error();
}
Task<void> stop_a_receiver() {
  WorkerChannel<int> channel(2);
  Event began;
  JoinHandle<std::error_code> receiver = spawn_on(1, receive_until_stopped(channel, began));
  Result<void> running = co_await began.wait();
  EXPECT_TRUE(running.has_value());
  receiver.request_stop();
  Joined<std::error_code> ended = co_await receiver.join();
  EXPECT_EQ(std::move(ended).value(), std::errc::operation_canceled);
  Result<void> sent = co_await channel.send(5);
  EXPECT_TRUE(sent.has_value());
  Result<int> value = co_await channel.receive();
  EXPECT_EQ(value.value_or(-1), 5);
}

TEST_P(WorkerChannelTest, a_receiver_is_cancelled_and_nothing_is_lost) {
  runtime().block_on(stop_a_receiver());
}

/// The channel goes while the errand of its last batch is still with the sender's worker.
Task<void> send_and_go(std::shared_ptr<int> counted) {
  for (int i = 0; i < 100; ++i) {
    auto channel = std::make_unique<WorkerChannel<std::shared_ptr<int>>>(8);
    for (int n = 0; n < 3; ++n) {
      Result<void> sent = co_await channel->send(counted);
      EXPECT_TRUE(sent.has_value());
    }
    channel.reset();
    EXPECT_EQ(counted.use_count(), 2) << "a value was not destroyed with its channel";
  }
}

TEST_P(WorkerChannelTest, values_that_nobody_receives_are_destroyed_with_the_channel) {
  auto counted = std::make_shared<int>(0);
  runtime().block_on(send_and_go(counted));
  EXPECT_EQ(counted.use_count(), 1);
}

}  // namespace
}  // namespace rota::testing_sched
