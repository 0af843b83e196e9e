// Generators, of values that are there and of values that are waited for.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rota {
namespace {

using namespace std::chrono_literals;

Generator<int> below(int end) {
  for (int i = 0; i < end; ++i) co_yield i;
}

/// Counts itself, so that a test sees what a frame still holds.
struct Held {
  explicit Held(int& count) : live(count) { live += 1; }
  ~Held() { live -= 1; }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  int& live;
};

Generator<std::unique_ptr<std::string>> words(int& live) {
  const Held held(live);
  auto first = std::make_unique<std::string>("one");
  co_yield std::move(first);
  auto second = std::make_unique<std::string>("two");
  co_yield std::move(second);
}

TEST(GeneratorTest, its_values_are_a_range) {
  std::vector<int> seen;
  for (const int i : below(4)) seen.push_back(i);
  EXPECT_EQ(seen, (std::vector{0, 1, 2, 3}));
  for (const int i : below(0)) ADD_FAILURE() << i;
  static_assert(std::ranges::input_range<Generator<int>>);
  Generator<int> many = below(1'000'000);
  int sum = 0;
  for (const int i : many) {
    if (i == 10) break;
    sum += i;
  }
  EXPECT_EQ(sum, 45);
}

TEST(GeneratorTest, what_it_holds_goes_at_its_end_or_before_it) {
  int live = 0;
  {
    Generator<std::unique_ptr<std::string>> all = words(live);
    EXPECT_EQ(live, 0);
    std::string text;
    for (std::unique_ptr<std::string>& word : all) text += *word;
    EXPECT_EQ(text, "onetwo");
    EXPECT_EQ(live, 0);
  }
  {
    Generator<std::unique_ptr<std::string>> some = words(live);
    EXPECT_EQ(**some.begin(), "one");
    EXPECT_EQ(live, 1);
    const Generator<std::unique_ptr<std::string>> moved = std::move(some);
    EXPECT_EQ(live, 1);
  }
  EXPECT_EQ(live, 0);
}

Generator<int> fails_after(int values) {
  for (int i = 0; i < values; ++i) co_yield i;
  throw std::runtime_error("no more");
}

TEST(GeneratorTest, an_exception_leaves_the_step_that_met_it) {
  Generator<int> at_once = fails_after(0);
  EXPECT_THROW(static_cast<void>(at_once.begin()), std::runtime_error);
  int seen = 0;
  EXPECT_THROW(
      {
        for ([[maybe_unused]] const int i : fails_after(2)) seen += 1;
      },
      std::runtime_error);
  EXPECT_EQ(seen, 2);
}

AsyncGenerator<int> ticks(int count, int& live) {
  const Held held(live);
  for (int i = 0; i < count; ++i) {
    Result<void> slept = co_await sleep(1us);
    if (!slept) co_return;
    co_yield i;
  }
}

Task<int> sum_of(AsyncGenerator<int> numbers) {
  int sum = 0;
  for (;;) {
    std::optional<int> number = co_await numbers.next();
    if (!number) break;
    sum += *number;
  }
  // The end stays the end.
  std::optional<int> after = co_await numbers.next();
  EXPECT_FALSE(after.has_value());
  co_return sum;
}

TEST(AsyncGeneratorTest, its_values_come_as_they_are_asked_for) {
  Runtime runtime = Runtime::make().value();
  int live = 0;
  EXPECT_EQ(runtime.block_on(sum_of(ticks(10, live))), 45);
  EXPECT_EQ(live, 0);
  EXPECT_TRUE(runtime.shutdown().clean());
}

TEST(AsyncGeneratorTest, one_that_is_dropped_at_a_value_gives_back_what_it_holds) {
  Runtime runtime = Runtime::make().value();
  int live = 0;
  auto take_two = [&]() -> Task<void> {
    AsyncGenerator<int> numbers = ticks(10, live);
    EXPECT_EQ(live, 0);
    std::optional<int> first = co_await numbers.next();
    std::optional<int> second = co_await numbers.next();
    EXPECT_EQ(first, 0);
    EXPECT_EQ(second, 1);
    EXPECT_EQ(live, 1);
    AsyncGenerator<int> never_asked = ticks(1, live);
    numbers = std::move(never_asked);
    EXPECT_EQ(live, 0);
  };
  runtime.block_on(take_two());
  EXPECT_TRUE(runtime.shutdown().clean());
}

AsyncGenerator<int> breaks(int& live) {
  const Held held(live);
  co_yield 1;
  co_await yield();
  throw std::runtime_error("broken");
}

TEST(AsyncGeneratorTest, an_exception_reaches_whoever_asks_and_ends_it) {
  Runtime runtime = Runtime::make().value();
  int live = 0;
  auto ask = [&]() -> Task<void> {
    AsyncGenerator<int> numbers = breaks(live);
    std::optional<int> first = co_await numbers.next();
    EXPECT_EQ(first, 1);
    bool has_thrown = false;
    try {
      std::optional<int> second = co_await numbers.next();
      EXPECT_FALSE(second.has_value());
    } catch (const std::runtime_error&) {
      has_thrown = true;
    }
    EXPECT_TRUE(has_thrown);
    EXPECT_EQ(live, 0);
    std::optional<int> third = co_await numbers.next();
    EXPECT_FALSE(third.has_value());
  };
  runtime.block_on(ask());
}

TEST(AsyncGeneratorTest, a_fiber_reads_it_too) {
  Runtime runtime = Runtime::make().value();
  int live = 0;
  auto read = [&] {
    AsyncGenerator<int> numbers = ticks(5, live);
    int sum = 0;
    while (std::optional<int> number = await(numbers.next())) sum += *number;
    return sum;
  };
  EXPECT_EQ(runtime.block_on(on_fiber(read)), 10);
}

// It belongs to one task after the other, on whichever worker that is.
TEST(AsyncGeneratorTest, tasks_of_several_workers_hand_it_on) {
  Config config;
  config.scheduler.kind = SchedulerKind::stealing;
  config.scheduler.workers = 2;
  Runtime runtime = Runtime::make(config).value();
  int live = 0;
  auto hand_on = [&]() -> Task<int> {
    std::optional<AsyncGenerator<int>> numbers(ticks(20, live));
    auto one = [&]() -> Task<std::optional<int>> {
      co_await yield();
      std::optional<int> number = co_await numbers->next();
      co_return number;
    };
    int sum = 0;
    for (;;) {
      JoinHandle<std::optional<int>> handle = spawn(one());
      Joined<std::optional<int>> number = co_await handle.join();
      const std::optional<int> value = std::move(number).value();
      if (!value) co_return sum;
      sum += *value;
    }
  };
  EXPECT_EQ(runtime.block_on(hand_on()), 190);
  EXPECT_TRUE(runtime.shutdown().clean());
}

AsyncGenerator<int> waits_for(Event& event) {
  Result<void> waited = co_await event.wait();
  co_yield waited ? 1 : 0;
}

Task<void> ask_once(AsyncGenerator<int>& numbers) {
  std::optional<int> number = co_await numbers.next();
  EXPECT_TRUE(number.has_value());
}

class GeneratorDeathTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(GeneratorDeathTest, destroying_one_that_is_parked_ends_the_process) {
  EXPECT_DEATH(
      {
        Runtime runtime = Runtime::make().value();
        auto destroy = []() -> Task<void> {
          Event event;
          std::optional<AsyncGenerator<int>> numbers(waits_for(event));
          JoinHandle<void> child = spawn(ask_once(*numbers));
          co_await yield();
          numbers.reset();
        };
        runtime.block_on(destroy());
      },
      "an AsyncGenerator was destroyed or moved while a task waits");
}

TEST_F(GeneratorDeathTest, two_tasks_cannot_ask_at_once) {
  EXPECT_DEATH(
      {
        Runtime runtime = Runtime::make().value();
        auto ask = []() -> Task<void> {
          Event event;
          AsyncGenerator<int> numbers = waits_for(event);
          JoinHandle<void> child = spawn(ask_once(numbers));
          co_await yield();
          co_await ask_once(numbers);
        };
        runtime.block_on(ask());
      },
      "one task at a time asks an AsyncGenerator");
}

TEST_F(GeneratorDeathTest, a_generator_is_read_once) {
  EXPECT_DEATH(
      {
        Generator<int> numbers = below(3);
        static_cast<void>(numbers.begin());
        static_cast<void>(numbers.begin());
      },
      "a Generator was read twice");
}

}  // namespace
}  // namespace rota
