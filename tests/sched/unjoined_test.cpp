// An error that nobody will ever learn of is said on standard error, once, and no other is.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>

namespace rota::testing_sched {
namespace {

Task<void> fail_with(const char* what) {
  throw std::runtime_error(what);
  co_return;
}

Task<void> fail_by_cancel() {
  throw std::system_error(os_error(ECANCELED));
  co_return;
}

/// What `main` writes to standard error while it runs.
std::string errors_of(Task<void> main) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run(std::move(main)), EXIT_SUCCESS);
  return testing::internal::GetCapturedStderr();
}

Task<void> drop_the_handle_before() {
  spawn(fail_with("left alone"), SpawnOptions("lonely"));
  co_await yield();
}

TEST(Unjoined, a_task_whose_handle_was_dropped_is_named_with_its_error) {
  const std::string errors = errors_of(drop_the_handle_before());
  EXPECT_NE(errors.find("the task lonely spawned at"), std::string::npos) << errors;
  EXPECT_NE(errors.find("unjoined_test.cpp"), std::string::npos) << errors;
  EXPECT_NE(errors.find("left alone"), std::string::npos) << errors;
}

Task<void> drop_the_handle_after() {
  auto child = spawn(fail_with("left alone"));
  while (!child.is_done()) co_await yield();
}

TEST(Unjoined, a_handle_that_is_dropped_after_the_end_says_the_same) {
  EXPECT_NE(errors_of(drop_the_handle_after()).find("left alone"), std::string::npos);
}

Task<void> yield_then_fail() {
  co_await yield();
  throw std::runtime_error("left alone");
}

Task<void> leave_it_running() {
  spawn(yield_then_fail());
  co_return;
}

TEST(Unjoined, a_task_that_fails_while_its_stop_is_under_way_is_named_once) {
  const std::string errors = errors_of(leave_it_running());
  EXPECT_NE(errors.find("left alone"), std::string::npos);
  EXPECT_EQ(errors.find("left alone"), errors.rfind("left alone")) << errors;
}

Task<void> join_it() {
  auto child = spawn(fail_with("joined"));
  auto joined = co_await child.join();
  EXPECT_FALSE(joined.has_value());
}

TEST(Unjoined, a_joined_task_says_nothing) { EXPECT_EQ(errors_of(join_it()), ""); }

Task<void> leave_it_to_the_scope() {
  auto body = [](Scope& scope) -> Task<void> {
    scope.spawn(fail_with("the scope has it"));
    co_return;
  };
  bool caught = false;
  try {
    co_await with_scope(body);
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
}

TEST(Unjoined, a_child_whose_error_its_scope_has_says_nothing) {
  EXPECT_EQ(errors_of(leave_it_to_the_scope()), "");
}

Task<void> leave_a_cancelled_one() {
  spawn(fail_by_cancel());
  co_await yield();
}

TEST(Unjoined, a_task_that_was_cancelled_says_nothing) {
  EXPECT_EQ(errors_of(leave_a_cancelled_one()), "");
}

Task<void> throw_a_number() {
  throw 5;
  co_return;
}

TEST(Unjoined, main_may_throw_what_is_no_exception) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run(throw_a_number()), EXIT_FAILURE);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("no std::exception"), std::string::npos);
}

Task<void> wait_for_the_signal() {
  std::raise(SIGTERM);
  auto slept = co_await sleep(std::chrono::hours(24));
  slept.value();
}

TEST(Unjoined, main_that_a_signal_cancelled_has_not_failed) {
  EXPECT_EQ(errors_of(wait_for_the_signal()), "");
}

}  // namespace
}  // namespace rota::testing_sched
