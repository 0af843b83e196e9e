#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>
#include <string>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<void> count_after_yields(int yields, int& ended) {
  for (int i = 0; i < yields; ++i) co_await yield();
  ended += 1;
}
template <template <class> class Routine>
Routine<void> wait_for_a_stop(int& stopped) {
  Event never;
  Result<void> waited = co_await never.wait();
  if (!waited && is_canceled(waited.error())) stopped += 1;
}
template <template <class> class Routine>
Routine<void> fail_with(const char* what) {
  co_await yield();
  throw std::runtime_error(what);
}

template <template <class> class Routine>
Routine<void> children_end_before_their_scope(World) {
  int ended = 0;
  int result = co_await with_scope([&ended](Scope& scope) -> Task<int> {
    for (int i = 0; i < 10; ++i) {
      static_cast<void>(spawn_routine(scope, count_after_yields<Routine>(i, ended)));
    }
    EXPECT_EQ(scope.live(), 10u);
    co_return 7;
  });
  EXPECT_EQ(result, 7);
  EXPECT_EQ(ended, 10);
}

template <template <class> class Routine>
Routine<void> the_first_error_stops_the_siblings_and_goes_on(World) {
  int stopped = 0;
  std::size_t later = 0;
  std::string caught;
  try {
    co_await with_scope([&](Scope& scope) -> Task<void> {
      static_cast<void>(spawn_routine(scope, wait_for_a_stop<Routine>(stopped)));
      static_cast<void>(spawn_routine(scope, fail_with<Routine>("first")));
      static_cast<void>(spawn_routine(scope, fail_with<Routine>("second")));
      static_cast<void>(spawn_routine(scope, fail_with<Routine>("third")));
      while (scope.live() != 0) co_await yield();
      later = scope.later_errors();
    });
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "first");
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(later, 2u);
}

template <template <class> class Routine>
Routine<void> an_error_of_the_body_stops_the_children(World) {
  int stopped = 0;
  bool caught = false;
  try {
    co_await with_scope([&stopped](Scope& scope) -> Task<void> {
      static_cast<void>(spawn_routine(scope, wait_for_a_stop<Routine>(stopped)));
      static_cast<void>(spawn_routine(scope, wait_for_a_stop<Routine>(stopped)));
      co_await yield();
      throw std::logic_error("body");
    });
  } catch (const std::logic_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
  EXPECT_EQ(stopped, 2);
}

template <template <class> class Routine>
Routine<void> hold_a_scope(int& stopped) {
  co_await with_scope([&stopped](Scope& scope) -> Task<void> {
    static_cast<void>(spawn_routine(scope, wait_for_a_stop<Routine>(stopped)));
    co_await with_scope([&stopped](Scope& inner) -> Task<void> {
      static_cast<void>(spawn_routine(inner, wait_for_a_stop<Routine>(stopped)));
      co_return;
    });
  });
}

template <template <class> class Routine>
Routine<void> a_stop_goes_down_through_nested_scopes(World) {
  int stopped = 0;
  JoinHandle<void> holder = spawn_routine(hold_a_scope<Routine>(stopped));
  for (int i = 0; i < 5; ++i) co_await yield();
  EXPECT_EQ(stopped, 0);
  holder.request_stop();
  Joined<void> joined = co_await holder.join();
  EXPECT_TRUE(joined.has_value());
  EXPECT_EQ(stopped, 2);
}

template <template <class> class Routine>
Routine<void> children_of_a_stopped_scope_run_and_are_stopped(World) {
  int stopped = 0;
  co_await with_scope([&stopped](Scope& scope) -> Task<void> {
    scope.request_stop();
    static_cast<void>(spawn_routine(scope, wait_for_a_stop<Routine>(stopped)));
    co_return;
  });
  EXPECT_EQ(stopped, 1);
}

}  // namespace

void add_scope_scenarios(Suite& suite) {
  suite.add("children_end_before_their_scope", children_end_before_their_scope<Task>,
            children_end_before_their_scope<Script>);
  suite.add("the_first_error_stops_the_siblings_and_goes_on",
            the_first_error_stops_the_siblings_and_goes_on<Task>,
            the_first_error_stops_the_siblings_and_goes_on<Script>);
  suite.add("an_error_of_the_body_stops_the_children",
            an_error_of_the_body_stops_the_children<Task>,
            an_error_of_the_body_stops_the_children<Script>);
  suite.add("a_stop_goes_down_through_nested_scopes",
            a_stop_goes_down_through_nested_scopes<Task>,
            a_stop_goes_down_through_nested_scopes<Script>);
  suite.add("children_of_a_stopped_scope_run_and_are_stopped",
            children_of_a_stopped_scope_run_and_are_stopped<Task>,
            children_of_a_stopped_scope_run_and_are_stopped<Script>);
}

}  // namespace rota::testing_tasks
