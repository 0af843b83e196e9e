// What the scenarios of senders leave: another library's names, its concepts, the stops that
// senders see, and errors that are none.

#include "task/senders.hpp"
#include "task/standard_names.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace rota::testing_tasks {
namespace {

static_assert(standard::sender<TaskSender<StandardNames, int>>);
static_assert(standard::sender<TaskSender<StandardNames, Result<void>>>);
static_assert(standard::sender<ScheduleSender<StandardNames>>);
static_assert(standard::scheduler<RuntimeScheduler<StandardNames>>);
static_assert(standard::receiver<TaskReceiver<StandardNames, int>>);
static_assert(standard::stoppable_token<SenderStopToken>);
static_assert(!standard::sender<TaskSender<SenderNames, int>>);

template <class S>
using EndsOfSender = typename S::completion_signatures;
static_assert(
    std::is_same_v<EndsOfSender<TaskSender<StandardNames, Result<int>>>,
                   standard::completion_signatures<
                       standard::set_value_t(int), standard::set_error_t(std::exception_ptr),
                       standard::set_error_t(std::error_code), standard::set_stopped_t()>>);

Task<int> seven() { co_return 7; }

Task<int> through_the_other_library(Runtime& runtime) {
  auto half = [](int value) { return value / 2; };
  auto sender = then<StandardNames>(just<StandardNames>(84), half);
  Result<int> sent = co_await from_sender<StandardNames>(std::move(sender));
  auto doubled = [](int value) { return value * 2; };
  auto task = then<StandardNames>(as_sender<StandardNames>(runtime, seven()), doubled);
  Result<int> back = co_await from_sender<StandardNames>(std::move(task));
  auto scheduler = scheduler_of<StandardNames>(runtime);
  Result<void> scheduled = co_await from_sender<StandardNames>(scheduler.schedule());
  co_return scheduled ? sent.value() + back.value() : -1;
}

TEST(OtherSenders, meet_those_of_rota_by_their_own_names) {
  Runtime runtime = Runtime::make().value();
  EXPECT_EQ(runtime.block_on(through_the_other_library(runtime)), 42 + 14);
}

Task<int> wait_for_the_other_library(std::atomic<bool>& begun) {
  Result<void> ended = co_await from_sender<StandardNames>(UntilStopped<StandardNames>{begun});
  co_return ended ? 0 : ended.error().value();
}

Task<int> stop_the_other_library() {
  std::atomic<bool> begun = false;
  JoinHandle<int> task = spawn(wait_for_the_other_library(begun));
  while (!begun) co_await yield();
  task.request_stop();
  Joined<int> joined = co_await task.join();
  co_return std::move(joined).value();
}

TEST(OtherSenders, ask_for_the_stop_token_by_their_own_names) {
  EXPECT_EQ(Runtime::make().value().block_on(stop_the_other_library()), ECANCELED);
}

TEST(OtherSenders, end_where_their_attributes_say) {
  Runtime runtime = Runtime::make().value();
  Runtime other = Runtime::make().value();
  const auto sender = as_sender(runtime, seven());
  using Query = SenderNames::GetCompletionScheduler<SenderNames::SetValue>;
  EXPECT_EQ(sender.get_env().query(Query()), scheduler_of(runtime));
  EXPECT_NE(sender.get_env().query(Query()), scheduler_of(other));
}

struct LastWord {
  using receiver_concept = SenderNames::Receiver;
  template <class... T>
  void set_value(T...) && noexcept {
    *word += "value ";
  }
  void set_error(std::exception_ptr) && noexcept { *word += "error "; }
  void set_stopped() && noexcept { *word += "stopped "; }
  std::string* word;
};

TEST(TaskSenderTest, is_stopped_in_its_start_after_a_shutdown) {
  Runtime runtime = Runtime::make().value();
  std::string word;
  auto task = as_sender(runtime, seven()).connect(LastWord{&word});
  auto schedule = scheduler_of(runtime).schedule().connect(LastWord{&word});
  EXPECT_TRUE(runtime.shutdown().clean());
  task.start();
  schedule.start();
  EXPECT_EQ(word, "stopped stopped ");
}

template <class Error>
Task<void> await_error(Error error) {
  Result<int> sent = co_await from_sender(just_error(std::move(error)));
  static_cast<void>(sent);
}

class SenderDeathTest : public testing::Test {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }

  Runtime runtime_ = Runtime::make().value();
};

TEST_F(SenderDeathTest, an_error_code_of_value_0) {
  EXPECT_DEATH(runtime_.block_on(await_error(std::error_code())),
               "rota: a sender called set_error with an error code of value 0");
}

TEST_F(SenderDeathTest, a_null_exception_pointer) {
  EXPECT_DEATH(runtime_.block_on(await_error(std::exception_ptr())),
               "rota: a sender called set_error with a null std::exception_ptr");
}

TEST(SenderStopTest, calls_once_each_callback_that_is_there_in_order) {
  SenderStopSource source;
  const SenderStopToken token(source);
  std::string order;
  auto note = [&order](char name) { return [&order, name]() noexcept { order += name; }; };
  SenderStopCallback a(token, note('a'));
  std::optional<SenderStopCallback<decltype(note('b'))>> b(std::in_place, token, note('b'));
  SenderStopCallback c(token, note('c'));
  b.reset();
  EXPECT_FALSE(token.stop_requested());
  source.request_stop();
  source.request_stop();
  EXPECT_TRUE(token.stop_requested());
  EXPECT_EQ(order, "ac");
  SenderStopCallback late(token, note('d'));
  EXPECT_EQ(order, "acd");
}

TEST(SenderStopTest, is_never_asked_for_without_a_source) {
  const SenderStopToken token;
  bool called = false;
  const SenderStopCallback callback(token, [&called]() noexcept { called = true; });
  EXPECT_FALSE(token.stop_possible());
  EXPECT_FALSE(token.stop_requested());
  EXPECT_FALSE(called);
}

struct Itself {
  void operator()() const noexcept { where->reset(); }
  std::optional<SenderStopCallback<Itself>>* where;
};

TEST(SenderStopTest, a_callback_may_destroy_itself_and_the_next) {
  SenderStopSource source;
  const SenderStopToken token(source);
  std::optional<SenderStopCallback<Itself>> first;
  std::optional<SenderStopCallback<Itself>> next;
  std::optional<SenderStopCallback<Itself>> third;
  first.emplace(token, Itself{&first});
  next.emplace(token, Itself{&third});
  third.emplace(token, Itself{&next});
  source.request_stop();
  EXPECT_FALSE(first.has_value());
  EXPECT_TRUE(next.has_value());
  EXPECT_FALSE(third.has_value());
}

/// A function that says that it has begun, and ends when it may.
struct Slow {
  void operator()() const noexcept {
    *begun = true;
    begun->notify_one();
    may_end->wait(false);
    *has_ended = true;
  }
  std::atomic<bool>* begun;
  std::atomic<bool>* may_end;
  std::atomic<bool>* has_ended;
};

TEST(SenderStopTest, a_callback_that_another_thread_calls_is_waited_for) {
  SenderStopSource source;
  std::atomic<bool> begun = false;
  std::atomic<bool> may_end = false;
  std::atomic<bool> has_ended = false;
  std::optional<SenderStopCallback<Slow>> callback;
  callback.emplace(SenderStopToken(source), Slow{&begun, &may_end, &has_ended});
  std::thread stopper([&source] { source.request_stop(); });
  begun.wait(false);
  std::thread lets_end([&may_end] {
    may_end = true;
    may_end.notify_one();
  });
  callback.reset();
  EXPECT_TRUE(has_ended);
  stopper.join();
  lets_end.join();
}

TEST(SenderStopTest, a_stop_and_the_end_of_a_callback_may_meet) {
  constexpr int kRounds = address_sanitizer || thread_sanitizer ? 200 : 2000;
  for (int i = 0; i < kRounds; ++i) {
    SenderStopSource source;
    int calls = 0;  // A race with the callback, were its end not waited for.
    std::optional<std::thread> stopper;
    {
      const SenderStopCallback callback(SenderStopToken(source), [&calls]() noexcept { ++calls; });
      stopper.emplace([&source] { source.request_stop(); });
      if (i % 2 == 0) std::this_thread::yield();
    }
    calls += 2;
    stopper->join();
    EXPECT_TRUE(calls == 2 || calls == 3);
  }
}

}  // namespace
}  // namespace rota::testing_tasks
