#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<void> what_blocks_yields_its_value(World) {
  int calls = 0;
  auto add = [&calls] { return ++calls; };
  Result<int> value = co_await blocking(add);
  EXPECT_EQ(value.value(), 1);
  auto none = [&calls] { ++calls; };
  Result<void> done = co_await blocking(none);
  EXPECT_TRUE(done.has_value());
  EXPECT_EQ(calls, 2);
  auto make = [] { return std::make_unique<int>(3); };
  Result<std::unique_ptr<int>> owned = co_await blocking(make);
  EXPECT_EQ(**owned, 3);
}

template <template <class> class Routine>
Routine<void> what_blocks_leaves_its_worker(World world) {
  const std::thread::id worker = std::this_thread::get_id();
  auto whose = [] { return std::this_thread::get_id(); };
  Result<std::thread::id> other = co_await blocking(whose);
  // Under simulation all there is runs on one thread.
  if (world.driver != DriverKind::sim) {
    EXPECT_NE(other.value(), worker);
  }
}

template <template <class> class Routine>
Routine<void> what_blocks_throws_to_its_task(World) {
  auto fail = []() -> int { throw std::runtime_error("broken"); };
  bool caught = false;
  try {
    Result<int> value = co_await blocking(fail);
    static_cast<void>(value);
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
}

template <template <class> class Routine>
Routine<void> block_until(std::binary_semaphore& gate, int& code) {
  auto wait = [&gate] { gate.acquire(); };
  Result<void> done = co_await blocking(wait);
  code = code_of(done);
}

template <template <class> class Routine>
Routine<void> tasks_go_on_while_one_blocks(World world) {
  if (world.driver == DriverKind::sim) {
    skip_here("under simulation what blocks is called by the worker, which no task could free");
    co_return;
  }
  std::binary_semaphore gate(0);
  int code = -1;
  JoinHandle<void> blocked = spawn_routine(block_until<Routine>(gate, code));
  for (int i = 0; i < 3; ++i) co_await yield();
  EXPECT_FALSE(blocked.is_done());
  gate.release();
  Joined<void> joined = co_await blocked.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_EQ(code, 0);
}

template <template <class> class Routine>
Routine<void> one_that_has_begun_is_not_cancelled(World world) {
  if (world.driver == DriverKind::sim) {
    skip_here("under simulation what blocks is called by the worker, which no task could free");
    co_return;
  }
  std::binary_semaphore begun(0);
  std::binary_semaphore gate(0);
  int code = -1;
  auto body = [&begun, &gate, &code]() -> Task<void> {
    auto wait = [&begun, &gate] {
      begun.release();
      gate.acquire();
    };
    Result<void> done = co_await blocking(wait);
    code = code_of(done);
  };
  auto handle = spawn(body());
  auto until_it_began = [&begun] { begun.acquire(); };
  Result<void> began = co_await blocking(until_it_began);
  EXPECT_TRUE(began.has_value());
  handle.request_stop();
  for (int i = 0; i < 3; ++i) co_await yield();
  EXPECT_FALSE(handle.is_done());
  gate.release();
  Joined<void> joined = co_await handle.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_EQ(code, 0);
}

template <template <class> class Routine>
Routine<void> never_called(int& calls, int& code) {
  auto count = [&calls] { ++calls; };
  Result<void> done = co_await blocking(count);
  code = code_of(done);
}

template <template <class> class Routine>
Routine<void> a_stopped_task_calls_nothing(World) {
  int calls = 0;
  int code = -1;
  JoinHandle<void> task = spawn_routine(never_called<Routine>(calls, code));
  task.request_stop();
  Joined<void> joined = co_await task.join();
  EXPECT_TRUE(joined.has_value());
  // Where workers steal it may have begun before the stop.
  EXPECT_TRUE(code == ECANCELED || code == 0);
  EXPECT_EQ(calls, code == 0 ? 1 : 0);
}

template <template <class> class Routine>
Routine<void> many_block_at_once(World) {
  std::vector<JoinHandle<Result<std::size_t>>> handles;
  for (std::size_t i = 0; i < rounds(200); ++i) {
    auto index = [i] { return i; };
    handles.push_back(spawn_blocking(index));
  }
  for (std::size_t i = 0; i < handles.size(); ++i) {
    Joined<Result<std::size_t>> joined = co_await handles[i].join();
    Result<std::size_t> value = std::move(joined).value();
    EXPECT_EQ(value.value(), i);
  }
}

}  // namespace

void add_blocking_scenarios(Suite& suite) {
  suite.add("what_blocks_yields_its_value", what_blocks_yields_its_value<Task>,
            what_blocks_yields_its_value<Script>);
  suite.add("what_blocks_leaves_its_worker", what_blocks_leaves_its_worker<Task>,
            what_blocks_leaves_its_worker<Script>);
  suite.add("what_blocks_throws_to_its_task", what_blocks_throws_to_its_task<Task>,
            what_blocks_throws_to_its_task<Script>);
  suite.add("tasks_go_on_while_one_blocks", tasks_go_on_while_one_blocks<Task>,
            tasks_go_on_while_one_blocks<Script>);
  suite.add("one_that_has_begun_is_not_cancelled", one_that_has_begun_is_not_cancelled<Task>,
            one_that_has_begun_is_not_cancelled<Script>);
  suite.add("a_stopped_task_calls_nothing", a_stopped_task_calls_nothing<Task>,
            a_stopped_task_calls_nothing<Script>);
  suite.add("many_block_at_once", many_block_at_once<Task>, many_block_at_once<Script>);
}

}  // namespace rota::testing_tasks
