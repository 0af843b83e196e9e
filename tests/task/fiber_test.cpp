#include "task/ledger.hpp"
#include "task/stack_pool.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace rota::testing_tasks {
namespace {

using namespace std::chrono_literals;

class FiberTest : public testing::Test {
 protected:
  void SetUp() override {
    before_ = Ledger::now();
    runtime_.emplace(std::move(*Runtime::make()));
  }
  void TearDown() override {
    EXPECT_TRUE(runtime_->shutdown().clean());
    runtime_.reset();
    EXPECT_EQ(Ledger::now(), before_);
  }

  template <class F>
  auto run(F body) {
    return runtime_->block_on(on_fiber(std::move(body)));
  }

  Runtime& runtime() { return *runtime_; }

 private:
  Ledger before_;
  std::optional<Runtime> runtime_;
};

using FiberDeathTest = FiberTest;

TEST_F(FiberTest, yields_what_its_body_returns) {
  EXPECT_EQ(run([] { return std::string("from the stack"); }), "from the stack");
  auto only_movable = run([] { return std::make_unique<int>(3); });
  EXPECT_EQ(*only_movable, 3);
}

TEST_F(FiberTest, throws_what_its_body_throws) {
  EXPECT_THROW(run([] { throw std::runtime_error("body"); }), std::runtime_error);
}

void wait_at_depth(int depth) {
  if (depth > 0) return wait_at_depth(depth - 1);
  await(yield());
}

TEST_F(FiberTest, waits_at_any_depth_of_calls) {
  run([] { wait_at_depth(50); });
}

TEST_F(FiberTest, may_wait_inside_a_handler) {
  const int caught = run([] {
    try {
      throw 1;
    } catch (int outer) {
      await(yield());
      try {
        throw outer + 1;
      } catch (int inner) {
        await(sleep(Duration(1us)));
        try {
          throw;  // the one that this stack is handling
        } catch (int again) {
          EXPECT_EQ(again, inner);
        }
        return outer * 10 + inner;
      }
    }
  });
  EXPECT_EQ(caught, 12);
}

TEST_F(FiberTest, handlers_of_several_fibers_do_not_mix) {
  runtime().block_on([]() -> Task<void> {
    std::vector<JoinHandle<int>> fibers;
    for (int id = 0; id < 8; ++id) {
      fibers.push_back(spawn_fiber([id] {
        for (int round = 0; round < 20; ++round) {
          try {
            throw id;
          } catch (int) {
            for (int i = 0; i <= id % 3; ++i) await(yield());
            const std::exception_ptr current = std::current_exception();
            try {
              std::rethrow_exception(current);
            } catch (int mine) {
              if (mine != id) return -1;
            }
          }
          if (std::current_exception() != nullptr || std::uncaught_exceptions() != 0) return -2;
        }
        return id;
      }));
    }
    for (int id = 0; id < 8; ++id) {
      Joined<int> joined = co_await fibers[static_cast<std::size_t>(id)].join();
      EXPECT_EQ(std::move(joined).value(), id);
    }
  }());
}

struct WaitsWhileItUnwinds {
  int& uncaught;
  ~WaitsWhileItUnwinds() {
    await(sleep(Duration(1us)));
    uncaught = std::uncaught_exceptions();
  }
};

TEST_F(FiberTest, may_wait_in_a_destructor_while_it_unwinds) {
  int uncaught = 0;
  run([&uncaught] {
    JoinHandle<int> other = spawn_fiber([] {
      int seen = 0;
      for (int i = 0; i < 10; ++i) {
        seen += std::uncaught_exceptions();
        await(yield());
      }
      return seen;
    });
    try {
      const WaitsWhileItUnwinds guard{uncaught};
      throw std::logic_error("unwinding");
    } catch (const std::logic_error&) {
    }
    EXPECT_EQ(await(other.join()).value(), 0) << "another fiber saw this one's exception";
  });
  EXPECT_EQ(uncaught, 1);
}

Task<int> add_one(int value) {
  co_await yield();
  co_return value + 1;
}
Task<int> fail() {
  co_await yield();
  throw std::domain_error("task");
}

TEST_F(FiberTest, awaits_tasks_and_rethrows_their_exceptions) {
  run([] {
    EXPECT_EQ(await(add_one(1)), 2);
    EXPECT_THROW(await(fail()), std::domain_error);
    EXPECT_EQ(await(add_one(2)), 3);
  });
}

Task<int> nested_fiber(int depth) {
  int below = co_await on_fiber([depth] {
    if (depth == 0) return 0;
    return await(nested_fiber(depth - 1));
  });
  co_return below + 1;
}

TEST_F(FiberTest, fibers_and_frames_nest) { EXPECT_EQ(runtime().block_on(nested_fiber(10)), 11); }

TEST_F(FiberTest, a_scope_on_the_stack_waits_for_its_children) {
  int ended = 0;
  const int result = run([&ended] {
    return fiber_scope([&ended](Scope& scope) {
      for (int i = 0; i < 5; ++i) {
        static_cast<void>(scope.spawn_fiber([&ended] {
          await(yield());
          ended += 1;
        }));
      }
      return 9;
    });
  });
  EXPECT_EQ(result, 9);
  EXPECT_EQ(ended, 5);
}

TEST_F(FiberTest, an_error_in_a_scope_on_the_stack_stops_the_others) {
  bool stopped = false;
  EXPECT_THROW(run([&stopped] {
                 fiber_scope([&stopped](Scope& scope) {
                   static_cast<void>(scope.spawn_fiber(
                       [&stopped] { stopped = !await(sleep(Duration(24h))).has_value(); }));
                   static_cast<void>(scope.spawn_fiber([] { throw std::range_error("child"); }));
                 });
               }),
               std::range_error);
  EXPECT_TRUE(stopped);
}

TEST_F(FiberTest, several_errors_in_a_scope_on_the_stack_go_on_together) {
  bool caught = false;
  run([&caught] {
    try {
      fiber_scope([](Scope& scope) {
        static_cast<void>(scope.spawn_fiber([] { throw std::range_error("child"); }));
        await(yield());
        throw std::logic_error("body");
      });
    } catch (const ScopeErrors& errors) {
      caught = true;
      EXPECT_STREQ(errors.what(), "child");
      EXPECT_THROW(std::rethrow_exception(errors.first()), std::range_error);
      EXPECT_EQ(errors.later().size(), 1u);
      EXPECT_THROW(std::rethrow_exception(errors.later().front()), std::logic_error);
    }
  });
  EXPECT_TRUE(caught);
}

TEST_F(FiberTest, is_spawned_from_a_plain_thread) {
  JoinHandle<int> fiber = runtime().spawn_fiber([] {
    await(sleep(Duration(1us)));
    return 4;
  }, FiberOptions{.name = "plain"});
  runtime().block_on([](JoinHandle<int>& child) -> Task<void> {
    Joined<int> joined = co_await child.join();
    EXPECT_EQ(std::move(joined).value(), 4);
  }(fiber));
}

TEST_F(FiberTest, one_that_never_runs_gives_its_stack_back) {
  const std::size_t before = StackPool::process().live();
  {
    Task<int> unused = on_fiber([] { return 1; });
    EXPECT_EQ(StackPool::process().live(), before + 1);
  }
  EXPECT_EQ(StackPool::process().live(), before);
}

TEST_F(FiberTest, many_live_at_once) {
  // Under the thread sanitizer each costs it 0.15 MB of its own.
  constexpr int count = address_sanitizer || thread_sanitizer ? 500 : 10'000;
  const int sum = run([] {
    return fiber_scope([](Scope& scope) {
      Event start;
      std::vector<JoinHandle<int>> fibers;
      for (int i = 0; i < count; ++i) {
        fibers.push_back(scope.spawn_fiber([&start] {
          EXPECT_TRUE(await(start.wait()).has_value());
          return 1;
        }));
      }
      await(yield());
      start.set();
      int total = 0;
      for (JoinHandle<int>& fiber : fibers) total += await(fiber.join()).value();
      return total;
    });
  });
  EXPECT_EQ(sum, count);
}

[[gnu::noinline]] int sink_deeper(int depth, volatile char* above) {
  volatile char frame[512];
  frame[0] = static_cast<char>(depth);
  if (above == nullptr) return frame[0];
  return sink_deeper(depth + 1, frame) + frame[0];
}

TEST_F(FiberDeathTest, an_overflow_ends_the_process_at_the_guard) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  volatile char top = 0;
  EXPECT_DEATH(run([&top] { return sink_deeper(0, &top); }), "");
}

TEST_F(FiberDeathTest, await_outside_a_fiber_aborts_with_a_message) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(await(yield()), "rota::await was called outside a fiber");
  EXPECT_DEATH(runtime().block_on([]() -> Task<void> {
    await(yield());
    co_return;
  }()),
               "rota::await was called outside a fiber");
}

}  // namespace
}  // namespace rota::testing_tasks
