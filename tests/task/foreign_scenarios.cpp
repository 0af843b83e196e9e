#include "task/suite.hpp"

#include <rota/stop_bridge.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <coroutine>
#include <stdexcept>
#include <thread>
#include <utility>

namespace rota::testing_tasks {
namespace {

/// Another library: a thread that resumes who awaits it. It is gone before the runtime is, as every
/// thread must be that wakes a task.
class OtherLibrary {
 public:
  enum class End : bool { yields, throws };

  class Call {
   public:
    Call(OtherLibrary& library, int value, End end) : library_(library), value_(value), end_(end) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const { library_.resume_soon(waiter); }
    int await_resume() const {
      if (end_ == End::throws) throw std::runtime_error("foreign");
      return value_;
    }

   private:
    OtherLibrary& library_;
    int value_;
    End end_;
  };

  OtherLibrary() : thread_([this] { resume_one(); }) {}
  ~OtherLibrary() { thread_.join(); }
  OtherLibrary(const OtherLibrary&) = delete;
  OtherLibrary& operator=(const OtherLibrary&) = delete;

  [[nodiscard]] Call call(int value, End end = End::yields) { return {*this, value, end}; }

 private:
  void resume_soon(std::coroutine_handle<> waiter) {
    waiter_ = waiter.address();
    waiter_.notify_one();
  }
  void resume_one() {
    waiter_.wait(nullptr);
    std::coroutine_handle<>::from_address(waiter_.load()).resume();
  }

  std::atomic<void*> waiter_ = nullptr;
  std::thread thread_;
};

template <template <class> class Routine>
Routine<void> a_foreign_awaitable_yields_and_the_task_comes_home(World world) {
  const std::thread::id before = std::this_thread::get_id();
  OtherLibrary library;
  int value = co_await foreign(library.call(7));
  EXPECT_EQ(value, 7);
  if (world.config.scheduler.kind == SchedulerKind::single) {
    EXPECT_EQ(std::this_thread::get_id(), before);
  }
  // It is a task as before: it may wait.
  Result<void> slept = co_await sleep(Duration(1));
  EXPECT_TRUE(slept.has_value());
}

template <template <class> class Routine>
Routine<void> a_foreign_awaitable_throws_to_the_task(World) {
  OtherLibrary library;
  bool caught = false;
  try {
    int value = co_await foreign(library.call(7, OtherLibrary::End::throws));
    static_cast<void>(value);
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
}

template <template <class> class Routine>
Routine<void> a_foreign_awaitable_may_be_ready(World) {
  co_await foreign(std::suspend_never());
}

/// One that ends when it is asked to.
class UntilAsked {
 public:
  explicit UntilAsked(std::atomic<void*>& waiter) : waiter_(waiter) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) { waiter_ = waiter.address(); }
  void await_resume() const noexcept {}

 private:
  std::atomic<void*>& waiter_;
};

template <template <class> class Routine>
Routine<void> wait_until_asked(std::atomic<void*>& waiter, int& asked) {
  auto ask = [&waiter, &asked] {
    ++asked;
    std::coroutine_handle<>::from_address(waiter.load()).resume();
  };
  co_await foreign(UntilAsked(waiter), ask);
}

template <template <class> class Routine>
Routine<void> a_stop_asks_the_other_library(World) {
  std::atomic<void*> waiter = nullptr;
  int asked = 0;
  JoinHandle<void> task = spawn_routine(wait_until_asked<Routine>(waiter, asked));
  while (waiter == nullptr) co_await yield();
  task.request_stop();
  Joined<void> joined = co_await task.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_EQ(asked, 1);
}

/// A coroutine of another library, which runs on a plain thread.
struct Detached {
  struct promise_type {
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

Task<int> count_after_a_yield(int value) {
  co_await yield();
  co_return value + 1;
}
Task<int> fail_after_a_yield() {
  co_await yield();
  throw std::runtime_error("task");
}

Detached ask_from_outside(Runtime& runtime, std::atomic<int>& seen) {
  int value = co_await from_outside(runtime, count_after_a_yield(1));
  bool caught = false;
  try {
    value += co_await from_outside(runtime, fail_after_a_yield());
  } catch (const std::runtime_error&) {
    caught = true;
  }
  seen = caught ? value : -1;
}

template <template <class> class Routine>
Routine<void> a_foreign_coroutine_awaits_a_task(World world) {
  std::atomic<int> seen = 0;
  std::thread outside([&] { ask_from_outside(world.runtime, seen); });
  while (seen == 0) co_await yield();
  EXPECT_EQ(seen, 2);
  outside.join();
}

template <template <class> class Routine>
Routine<void> a_standard_token_stops_a_task(World) {
  std::stop_source source;
  Event event;
  auto wait = [&event]() -> Task<int> {
    Result<void> set = co_await event.wait();
    co_return code_of(set);
  };
  JoinHandle<int> task = spawn(with_std_stop(source.get_token(), wait()));
  co_await yield();
  source.request_stop();
  Joined<int> joined = co_await task.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
}

Task<void> wait_until_requested(std::stop_token token, std::atomic<bool>& begun) {
  begun = true;
  while (!token.stop_requested()) co_await yield();
}

template <template <class> class Routine>
Routine<void> a_stop_is_passed_to_a_standard_token(World) {
  std::atomic<bool> begun = false;
  auto body = [&begun](std::stop_token token) { return wait_until_requested(token, begun); };
  JoinHandle<void> task = spawn(with_std_token(body));
  while (!begun) co_await yield();
  task.request_stop();
  Joined<void> joined = co_await task.join();
  EXPECT_TRUE(joined.has_value());
}

}  // namespace

void add_foreign_scenarios(Suite& suite) {
  suite.add("a_foreign_awaitable_yields_and_the_task_comes_home",
            a_foreign_awaitable_yields_and_the_task_comes_home<Task>,
            a_foreign_awaitable_yields_and_the_task_comes_home<Script>);
  suite.add("a_foreign_awaitable_throws_to_the_task", a_foreign_awaitable_throws_to_the_task<Task>,
            a_foreign_awaitable_throws_to_the_task<Script>);
  suite.add("a_foreign_awaitable_may_be_ready", a_foreign_awaitable_may_be_ready<Task>,
            a_foreign_awaitable_may_be_ready<Script>);
  suite.add("a_stop_asks_the_other_library", a_stop_asks_the_other_library<Task>,
            a_stop_asks_the_other_library<Script>);
  suite.add("a_foreign_coroutine_awaits_a_task", a_foreign_coroutine_awaits_a_task<Task>,
            a_foreign_coroutine_awaits_a_task<Script>);
  suite.add("a_standard_token_stops_a_task", a_standard_token_stops_a_task<Task>,
            a_standard_token_stops_a_task<Script>);
  suite.add("a_stop_is_passed_to_a_standard_token", a_stop_is_passed_to_a_standard_token<Task>,
            a_stop_is_passed_to_a_standard_token<Script>);
}

}  // namespace rota::testing_tasks
