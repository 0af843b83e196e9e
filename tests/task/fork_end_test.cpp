// How forking functions end: by an error of any of them, by a stop, or by misuse.

#include "task/fork_fixture.hpp"

#include <rota/core/atomic.hpp>

#include <cerrno>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

/// One of the leaves throws.
Fork<int> fail_below(int depth, int path) {
  if (depth == 0) {
    if (path == 0b0110100) throw std::runtime_error("deep");
    co_return 1;
  }
  int low = 0;
  int high = 0;
  co_await rota::fork(low, fail_below, depth - 1, 2 * path);
  co_await rota::fork(high, fail_below, depth - 1, 2 * path + 1);
  co_await rota::join();
  co_return low + high;
}

TEST_P(ForkTest, an_error_reaches_whoever_awaits_the_root_from_any_depth) {
  EXPECT_THROW(run(run_forks(fail_below(7, 0))), std::runtime_error);
  EXPECT_EQ(run(run_forks(fail_below(3, 0))), 8);
}

Fork<void> fail_at_once() {
  throw std::runtime_error("at once");
  co_return;
}

Fork<void> count(int& begun) {
  begun += 1;
  co_return;
}

Fork<int> go_on_after_an_error() {
  int begun = 0;
  std::string caught;
  co_await rota::fork(fail_at_once);
  co_await rota::fork(count, begun);
  try {
    co_await rota::join();
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "at once");
  const int unbegun = begun;
  co_await rota::fork(count, begun);
  co_await rota::join();
  EXPECT_EQ(begun, unbegun + 1);
  co_return unbegun;
}

TEST_P(ForkTest, after_an_error_no_sibling_begins_until_it_is_caught) {
  const int begun = run(run_forks(go_on_after_an_error()));
  // A thief may have gone on before the child failed.
  if (!has_thieves()) {
    EXPECT_EQ(begun, 0);
  }
}

Fork<void> end_late(Atomic<bool>& ended) {
  for (int i = 0; i < 100; ++i) std::this_thread::yield();
  ended.store(true, MemoryOrder::relaxed);
  co_return;
}

Fork<bool> call_what_fails() {
  Atomic<bool> ended{false};
  bool had_ended = false;
  co_await rota::fork(end_late, ended);
  try {
    co_await fail_at_once();
  } catch (const std::runtime_error&) {
    had_ended = ended.load(MemoryOrder::relaxed);
  }
  co_return had_ended;
}

TEST_P(ForkTest, a_call_that_fails_rethrows_when_the_children_of_the_caller_have_ended) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(run(run_forks(call_what_fails())));
}

/// Goes on until it is told to stop, having said that it runs.
Fork<void> run_until_a_stop(Atomic<bool>& runs) {
  runs.store(true, MemoryOrder::release);
  while (!stop_requested()) std::this_thread::yield();
  co_return;
}

Fork<void> fail_when(Atomic<bool>& other_runs, const char* what) {
  while (!other_runs.load(MemoryOrder::acquire)) std::this_thread::yield();
  throw std::runtime_error(what);
  co_return;
}

/// One more function between the siblings.
Fork<void> call_until_a_stop(Atomic<bool>& runs) {
  co_await run_until_a_stop(runs);
  EXPECT_TRUE(stop_requested());
}

Fork<std::string> fail_beside_a_sibling() {
  Atomic<bool> runs{false};
  std::string caught;
  EXPECT_FALSE(stop_requested());
  co_await rota::fork(call_until_a_stop, runs);
  co_await rota::fork(fail_when, runs, "the sibling");
  try {
    co_await rota::join();
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_FALSE(stop_requested()) << "it was caught";
  co_return caught;
}

TEST_P(ForkBesideThievesTest, a_failure_tells_the_siblings_and_all_their_parts_to_stop) {
  for (int i = 0; i < 20; ++i) ASSERT_EQ(run(run_forks(fail_beside_a_sibling())), "the sibling");
}

Fork<std::string> call_what_fails_beside_a_child() {
  Atomic<bool> runs{false};
  std::string caught;
  co_await rota::fork(call_until_a_stop, runs);
  try {
    co_await fail_when(runs, "the call");
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  co_return caught;
}

TEST_P(ForkBesideThievesTest, a_call_that_fails_tells_the_children_of_its_caller_to_stop) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(run(run_forks(call_what_fails_beside_a_child())), "the call");
  }
}

Fork<void> see_the_failure_of_a_child() {
  co_await rota::fork(fail_at_once);
  while (!stop_requested()) std::this_thread::yield();
  try {
    co_await rota::join();
  } catch (const std::runtime_error&) {
  }
  EXPECT_FALSE(stop_requested());
}

TEST_P(ForkTest, a_function_sees_that_one_of_its_children_has_failed) {
  run(run_forks(see_the_failure_of_a_child()));
}

/// Throws when a sibling has: because it was stopped, as it says, or for a reason of its own.
Fork<void> fail_after_a_stop(Atomic<bool>& runs, bool says_so) {
  co_await run_until_a_stop(runs);
  if (says_so) throw std::system_error(ECANCELED, std::generic_category());
  throw std::runtime_error("later");
}

struct Failures {
  std::string first;
  std::vector<std::string> later;
};

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& thrown) {
    return thrown.what();
  }
}

Fork<Failures> fail_twice(bool says_so) {
  Atomic<bool> runs{false};
  Failures failures;
  co_await rota::fork(fail_after_a_stop, runs, says_so);
  co_await rota::fork(fail_when, runs, "first");
  try {
    co_await rota::join();
  } catch (const ScopeErrors& errors) {
    failures.first = text_of(errors.first());
    for (const std::exception_ptr& each : errors.later()) failures.later.push_back(text_of(each));
  } catch (const std::runtime_error& error) {
    failures.first = error.what();
  }
  co_return failures;
}

TEST_P(ForkBesideThievesTest, later_errors_are_attached_to_the_first) {
  const Failures failures = run(run_forks(fail_twice(false)));
  EXPECT_EQ(failures.first, "first");
  EXPECT_EQ(failures.later, std::vector<std::string>{"later"});
}

TEST_P(ForkBesideThievesTest, what_a_part_throws_only_because_it_was_stopped_does_not_count) {
  const Failures failures = run(run_forks(fail_twice(true)));
  EXPECT_EQ(failures.first, "first");
  EXPECT_TRUE(failures.later.empty());
}

Task<bool> reduce_what_fails() {
  auto fail = [](int i) {
    if (i == 54'321) throw std::runtime_error("one of them");
    return i;
  };
  auto plus = [](int a, int) { return a; };
  bool caught = false;
  try {
    Result<int> sum = co_await parallel_reduce(0, 100'000, 0, fail, plus);
    EXPECT_TRUE(sum.has_value());
  } catch (const std::runtime_error&) {
    caught = true;
  }
  co_return caught;
}

TEST_P(ForkTest, a_reduction_rethrows_what_its_functions_throw) {
  EXPECT_TRUE(run(reduce_what_fails()));
}

Fork<void> stop_the(StopSource& source) {
  source.request_stop();
  co_return;
}

Fork<void> wait_for_a_stop() {
  while (!stop_requested()) std::this_thread::yield();
  co_return;
}

Fork<void> stop_then_wait(StopSource& source) {
  co_await rota::fork(stop_the, source);
  for (int i = 0; i < 8; ++i) co_await rota::fork(wait_for_a_stop);
  co_await rota::join();
}

Task<void> stop_a_part() {
  StopSource source;
  EXPECT_FALSE(stop_requested());
  Task<void> parts = run_forks(stop_then_wait(source));
  co_await with_stop(source.token(), std::move(parts));
  EXPECT_FALSE(stop_requested());
}

TEST_P(ForkTest, every_part_sees_a_stop_of_what_surrounds_the_root) { run(stop_a_part()); }

Fork<void> stop_the_scope(Scope& scope) {
  scope.request_stop();
  co_return;
}

Fork<void> stop_all_of(Scope& scope) {
  co_await rota::fork(stop_the_scope, scope);
  for (int i = 0; i < 8; ++i) co_await rota::fork(wait_for_a_stop);
  co_await rota::join();
}

Task<void> stop_the_task() {
  auto body = [](Scope& scope) -> Task<void> {
    scope.spawn(run_forks(stop_all_of(scope)));
    co_return;
  };
  co_await with_scope(body);
}

TEST_P(ForkTest, every_part_sees_a_stop_of_the_task) { run(stop_the_task()); }

Task<void> stop_a_loop() {
  StopSource source;
  Atomic<long> visited{0};
  auto loop = [&]() -> Task<void> {
    auto body = [&](long i) {
      if (i == 1000) source.request_stop();
      visited.fetch_add(1, MemoryOrder::relaxed);
    };
    Result<void> done = co_await parallel_for(0L, 1'000'000'000'000L, body);
    EXPECT_TRUE(!done && is_canceled(done.error()));
  };
  Task<void> inside = loop();
  co_await with_stop(source.token(), std::move(inside));
  EXPECT_GT(visited.load(), 0);
}

TEST_P(ForkTest, a_stop_ends_a_parallel_loop_early) { run(stop_a_loop()); }

Fork<void> forget_to_join() {
  int begun = 0;
  co_await rota::fork(count, begun);
}

TEST_P(ForkTest, a_function_that_returns_before_it_joins_ends_the_process) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(run(run_forks(forget_to_join())), "before it joined");
}

}  // namespace
}  // namespace rota::testing_tasks
