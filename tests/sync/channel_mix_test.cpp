// Tasks of several workers and plain threads at the ends of one channel, with stops and deadlines
// at random: each value that was sent is received once, and those of one sender in their order.

#include <rota/rota.hpp>

#include "sync/random_steps.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_sync {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSenders = 3;  // tasks, and as many threads
constexpr std::size_t kReceivers = 3;

struct Value {
  std::size_t sender;
  std::uint64_t number;
};

/// What came out, by sender.
struct Tally {
  std::array<std::atomic<std::uint64_t>, 2 * kSenders> sum{};
  std::array<std::atomic<std::uint64_t>, 2 * kSenders> count{};

  void add(const Value& value) {
    sum[value.sender].fetch_add(value.number, std::memory_order_relaxed);
    count[value.sender].fetch_add(1, std::memory_order_relaxed);
  }
};

/// The two kinds as one. `send` yields false when a stop kept the value out.
struct Bounded {
  Channel<Value> channel{2};
  Task<bool> send(Value value) {
    Result<void> sent = co_await timeout(Duration(1us), channel.send(value));
    co_return sent.has_value();
  }
  void send_in_thread(Value value) { EXPECT_TRUE(wait_in_thread(channel.send(value)).has_value()); }
};
struct Unbounded {
  UnboundedChannel<Value> channel;
  Task<bool> send(Value value) {
    const bool sent = channel.try_send(value);
    co_await yield();
    co_return sent;
  }
  void send_in_thread(Value value) { EXPECT_TRUE(channel.send(value).has_value()); }
};

template <class Subject>
Task<void> send_numbers(Subject& subject, std::size_t sender, std::uint64_t count) {
  for (std::uint64_t number = 1; number <= count; ++number) {
    for (;;) {
      const bool sent = co_await subject.send(Value{sender, number});
      if (sent) break;
    }
  }
}

template <class Subject>
Task<bool> receive_one(Subject& subject, Tally& tally, std::vector<std::uint64_t>& newest) {
  Result<Value> received = co_await timeout(Duration(20us), subject.channel.receive());
  if (received) {
    EXPECT_GT(received->number, newest[received->sender]);
    newest[received->sender] = received->number;
    tally.add(*received);
  }
  co_return received || received.error() != std::errc::broken_pipe;
}

/// Some of them in a child that is stopped at once, before or after it began to wait.
template <class Subject>
Task<void> receive_all(Subject& subject, Tally& tally, std::uint64_t seed) {
  RandomSteps steps(seed);
  std::vector<std::uint64_t> newest(2 * kSenders);
  for (bool more = true; more;) {
    if (steps.below(8) != 0) {
      more = co_await receive_one(subject, tally, newest);
      continue;
    }
    JoinHandle<bool> child = spawn(receive_one(subject, tally, newest));
    if (steps.below(2) == 0) co_await yield();
    child.request_stop();
    Joined<bool> joined = co_await child.join();
    EXPECT_TRUE(joined.has_value());
  }
}

template <class Subject>
Task<void> receive_in_tasks(Subject& subject, Tally& tally, std::uint64_t seed) {
  co_await with_scope([&](Scope& scope) -> Task<void> {
    for (std::size_t i = 0; i < kReceivers; ++i) {
      scope.spawn(receive_all(subject, tally, seed + i));
    }
    co_return;
  });
}

template <class Subject>
Task<void> send_in_tasks(Subject& subject, std::uint64_t each) {
  co_await with_scope([&](Scope& scope) -> Task<void> {
    for (std::size_t i = 0; i < kSenders; ++i) scope.spawn(send_numbers(subject, i, each));
    co_return;
  });
}

template <class Subject>
Task<void> exchange(Subject& subject, Tally& tally, std::uint64_t seed, std::uint64_t each,
                    std::vector<std::thread>& threads) {
  JoinHandle<void> receiving = spawn(receive_in_tasks(subject, tally, seed));
  co_await send_in_tasks(subject, each);
  // The threads too have sent all when they say so.
  Event done;
  std::thread waiter([&] {
    for (std::thread& thread : threads) thread.join();
    done.set();
  });
  Result<void> sent = co_await done.wait();
  EXPECT_TRUE(sent.has_value());
  waiter.join();
  subject.channel.close();
  Joined<void> joined = co_await receiving.join();
  EXPECT_TRUE(joined.has_value());
}

template <class Subject>
void mix(SchedulerKind scheduler) {
  for_seeds(100'000, [scheduler](std::uint64_t seed, std::uint64_t share) {
    const std::uint64_t each = share / (2 * kSenders) + 1;
    Config config;
    config.scheduler.kind = scheduler;
    config.scheduler.workers = scheduler == SchedulerKind::single ? 1 : 3;
    Runtime runtime = Runtime::make(config).value();
    Subject subject;
    Tally tally;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kSenders; ++i) {
      threads.emplace_back([&subject, i, each] {
        for (std::uint64_t number = 1; number <= each; ++number) {
          subject.send_in_thread({kSenders + i, number});
        }
      });
    }
    runtime.block_on(exchange(subject, tally, seed, each, threads));
    EXPECT_TRUE(runtime.shutdown().clean());
    for (std::size_t sender = 0; sender < 2 * kSenders; ++sender) {
      EXPECT_EQ(tally.count[sender].load(), each);
      EXPECT_EQ(tally.sum[sender].load(), each * (each + 1) / 2);
    }
  });
}

TEST(ChannelMix, a_channel_holds_on_one_worker) { mix<Bounded>(SchedulerKind::single); }
TEST(ChannelMix, a_channel_holds_where_tasks_stay) { mix<Bounded>(SchedulerKind::per_core); }
TEST(ChannelMix, a_channel_holds_where_tasks_move) { mix<Bounded>(SchedulerKind::stealing); }
TEST(ChannelMix, an_unbounded_channel_holds_on_one_worker) {
  mix<Unbounded>(SchedulerKind::single);
}
TEST(ChannelMix, an_unbounded_channel_holds_where_tasks_stay) {
  mix<Unbounded>(SchedulerKind::per_core);
}
TEST(ChannelMix, an_unbounded_channel_holds_where_tasks_move) {
  mix<Unbounded>(SchedulerKind::stealing);
}

}  // namespace
}  // namespace rota::testing_sync
