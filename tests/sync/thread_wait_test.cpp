// A plain thread waits for what tasks wait for.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

namespace rota {
namespace {

constexpr int kMessages = address_sanitizer || thread_sanitizer ? 2'000 : 20'000;

TEST(ThreadWaitTest, an_event_that_is_set_lets_a_thread_through) {
  Event event;
  event.set();
  EXPECT_TRUE(wait_in_thread(event.wait()).has_value());
}

// Each thread's frame, and with it the waiter, may be gone as soon as it is woken.
TEST(ThreadWaitTest, threads_wait_for_the_event_of_another_thread) {
  for (int round = 0; round < kMessages / 100; ++round) {
    Event event;
    std::vector<std::thread> waiters;
    for (int i = 0; i < 3; ++i) {
      waiters.emplace_back([&event] { EXPECT_TRUE(wait_in_thread(event.wait()).has_value()); });
    }
    event.set();
    for (std::thread& waiter : waiters) waiter.join();
  }
}

Task<std::int64_t> sum_of(Channel<int>& channel) {
  std::int64_t sum = 0;
  for (;;) {
    Result<int> value = co_await channel.receive();
    if (!value) co_return sum;
    sum += *value;
  }
}

class ThreadWaitGrid : public testing::TestWithParam<SchedulerKind> {
 protected:
  static Runtime make_runtime() {
    Config config;
    config.scheduler.kind = GetParam();
    config.scheduler.workers = GetParam() == SchedulerKind::single ? 1 : 2;
    return Runtime::make(config).value();
  }
};
INSTANTIATE_TEST_SUITE_P(Schedulers, ThreadWaitGrid,
                         testing::Values(SchedulerKind::single, SchedulerKind::per_core,
                                         SchedulerKind::stealing));

TEST_P(ThreadWaitGrid, a_thread_sends_to_a_task) {
  Runtime runtime = make_runtime();
  Channel<int> channel(2);
  std::thread sender([&channel] {
    for (int i = 0; i < kMessages; ++i) {
      EXPECT_TRUE(wait_in_thread(channel.send(i)).has_value());
    }
    channel.close();
  });
  const std::int64_t sum = runtime.block_on(sum_of(channel));
  sender.join();
  EXPECT_EQ(sum, std::int64_t{kMessages} * (kMessages - 1) / 2);
}

Task<void> send_numbers(Channel<int>& channel) {
  for (int i = 0; i < kMessages; ++i) {
    Result<void> sent = co_await channel.send(i);
    EXPECT_TRUE(sent.has_value());
  }
  channel.close();
}

TEST_P(ThreadWaitGrid, a_thread_receives_from_a_task_until_the_close) {
  Runtime runtime = make_runtime();
  Channel<int> channel(2);
  std::thread receiver([&channel] {
    for (int expected = 0; expected < kMessages; ++expected) {
      EXPECT_EQ(wait_in_thread(channel.receive()).value_or(-1), expected);
    }
    EXPECT_EQ(wait_in_thread(channel.receive()).error(), std::errc::broken_pipe);
  });
  runtime.block_on(send_numbers(channel));
  receiver.join();
}

TEST(ThreadWaitTest, threads_send_to_each_other_without_a_runtime) {
  Channel<std::unique_ptr<int>> channel(1);
  std::thread sender([&channel] {
    for (int i = 0; i < kMessages; ++i) {
      EXPECT_TRUE(wait_in_thread(channel.send(std::make_unique<int>(i))).has_value());
    }
  });
  for (int expected = 0; expected < kMessages; ++expected) {
    auto value = wait_in_thread(channel.receive());
    EXPECT_EQ(**value, expected);
  }
  sender.join();
}

/// Plain, so that the thread sanitizer sees who comes after whom.
struct Initialised {
  Once once;
  int times = 0;
};

Task<void> initialise_in_task(Initialised& work) {
  co_await yield();
  work.times += 1;
}
Task<void> call_in_task(Initialised& work) {
  auto initialise = [&work] { return initialise_in_task(work); };
  Result<void> ready = co_await work.once.call(initialise);
  EXPECT_TRUE(ready.has_value());
  EXPECT_EQ(work.times, 1);
}
void call_as_a_thread(Initialised& work) {
  EXPECT_TRUE(work.once.call_in_thread([&work] { work.times += 1; }).has_value());
  EXPECT_EQ(work.times, 1);
}

TEST_P(ThreadWaitGrid, among_threads_and_tasks_one_does_what_is_done_once) {
  Runtime runtime = make_runtime();
  for (int round = 0; round < kMessages / 100; ++round) {
    Initialised work;
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back([&work] { call_as_a_thread(work); });
    runtime.block_on(call_in_task(work));
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(work.once.is_done());
  }
}

TEST(ThreadWaitTest, after_an_error_or_a_throw_the_next_call_of_a_once_tries) {
  Once once;
  int begun = 0;
  EXPECT_EQ(once.call_in_thread([&]() -> Result<void> {
                  begun += 1;
                  return failure(EAGAIN);
                })
                .error(),
            std::errc::resource_unavailable_try_again);
  EXPECT_THROW(static_cast<void>(once.call_in_thread([&] {
                 begun += 1;
                 throw std::runtime_error("not yet");
               })),
               std::runtime_error);
  EXPECT_FALSE(once.is_done());
  EXPECT_TRUE(once.call_in_thread([&] { begun += 1; }).has_value());
  EXPECT_TRUE(once.call_in_thread([&] { begun += 1; }).has_value());
  EXPECT_TRUE(once.is_done());
  EXPECT_EQ(begun, 3);
}

}  // namespace
}  // namespace rota
