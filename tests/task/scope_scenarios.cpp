#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<void> count_after_yields(int yields, std::atomic<int>& ended) {
  for (int i = 0; i < yields; ++i) co_await yield();
  ended += 1;
}
template <template <class> class Routine>
Routine<void> wait_for_a_stop(std::atomic<int>& stopped) {
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
  std::atomic<int> ended = 0;
  int result = co_await with_scope([&ended](Scope& scope) -> Task<int> {
    for (int i = 0; i < 10; ++i) {
      static_cast<void>(spawn_routine(scope, count_after_yields<Routine>(i, ended)));
    }
    EXPECT_LE(scope.live(), 10u);
    co_return 7;
  });
  EXPECT_EQ(result, 7);
  EXPECT_EQ(ended, 10);
}

template <template <class> class Routine>
Routine<void> the_first_error_stops_the_siblings_and_goes_on(World) {
  std::atomic<int> stopped = 0;
  std::string caught;
  try {
    co_await with_scope([&stopped](Scope& scope) -> Task<void> {
      static_cast<void>(spawn_routine(scope, wait_for_a_stop<Routine>(stopped)));
      static_cast<void>(spawn_routine(scope, fail_with<Routine>("first")));
      co_return;
    });
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "first");
  EXPECT_EQ(stopped, 1);
}

/// What an exception says of itself.
std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& thrown) {
    return thrown.what();
  }
}
std::vector<std::string> texts_of(const ScopeErrors& errors) {
  std::vector<std::string> texts{text_of(errors.first())};
  for (const std::exception_ptr& error : errors.later()) texts.push_back(text_of(error));
  return texts;
}

template <template <class> class Routine>
Routine<void> several_errors_go_on_together_in_their_order(World) {
  std::vector<std::string> caught;
  try {
    co_await with_scope([](Scope& scope) -> Task<void> {
      static_cast<void>(spawn_routine(scope, fail_with<Routine>("first")));
      static_cast<void>(spawn_routine(scope, fail_with<Routine>("second")));
      static_cast<void>(spawn_routine(scope, fail_with<Routine>("third")));
      while (scope.live() != 0) co_await yield();
      throw std::logic_error("body");
    });
  } catch (const ScopeErrors& errors) {
    caught = texts_of(errors);
    EXPECT_STREQ(errors.what(), "first");
  }
  EXPECT_EQ(caught, (std::vector<std::string>{"first", "second", "third", "body"}));
}

template <template <class> class Routine>
Routine<void> wait_and_throw_when_stopped() {
  Event never;
  Result<void> waited = co_await never.wait();
  waited.value();
}
template <template <class> class Routine>
Routine<void> join_and_throw_when_stopped(JoinHandle<void>& child) {
  Joined<void> joined = co_await child.join();
  std::move(joined).value();
}

template <template <class> class Routine>
Routine<void> children_that_throw_for_being_stopped_add_no_error(World) {
  std::string caught;
  try {
    co_await with_scope([](Scope& scope) -> Task<void> {
      JoinHandle<void> waiting = spawn_routine(scope, wait_and_throw_when_stopped<Routine>());
      static_cast<void>(spawn_routine(scope, join_and_throw_when_stopped<Routine>(waiting)));
      static_cast<void>(spawn_routine(scope, fail_with<Routine>("first")));
      while (scope.live() != 0) co_await yield();
    });
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "first");
}

template <template <class> class Routine>
Routine<void> an_error_that_the_body_joined_is_one_error(World) {
  std::string caught;
  try {
    co_await with_scope([](Scope& scope) -> Task<void> {
      JoinHandle<void> child = spawn_routine(scope, fail_with<Routine>("only"));
      Joined<void> joined = co_await child.join();
      std::move(joined).value();
    });
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "only");
}

template <template <class> class Routine>
Routine<void> an_error_of_the_body_stops_the_children(World) {
  std::atomic<int> stopped = 0;
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
Routine<void> a_child_that_fails_stops_the_body(World) {
  std::string caught;
  bool stopped = false;
  try {
    co_await with_scope([&stopped](Scope& scope) -> Task<void> {
      static_cast<void>(spawn_routine(scope, fail_with<Routine>("first")));
      for (int i = 0; i < 100 && !stop_requested(); ++i) co_await yield();
      stopped = stop_requested();
      // What it throws because it was stopped is no error of its own.
      if (stopped) co_await as_task(wait_and_throw_when_stopped<Routine>());
    });
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_TRUE(stopped);
  EXPECT_EQ(caught, "first");
  // The stop was the scope's, and ended with it.
  EXPECT_FALSE(stop_requested());
}

template <template <class> class Routine>
Routine<void> a_child_that_fails_ends_the_wait_of_the_body(World) {
  bool caught = false;
  Event given_up;
  bool stopped = false;
  auto give_up = [](Event& event) -> Task<void> {
    for (int i = 0; i < 100; ++i) co_await yield();
    event.set();
  };
  JoinHandle<void> limit = rota::spawn(give_up(given_up));
  try {
    co_await with_scope([&stopped, &given_up](Scope& scope) -> Task<void> {
      static_cast<void>(spawn_routine(scope, fail_with<Routine>("first")));
      Result<void> waited = co_await given_up.wait();
      stopped = !waited && is_canceled(waited.error());
    });
  } catch (const std::runtime_error&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
  EXPECT_TRUE(stopped);
  Joined<void> joined = co_await limit.join();
  EXPECT_TRUE(joined.has_value());
}

/// It waits before the child fails: one that comes to its join later is refused, for it is stopped.
template <template <class> class Routine>
Routine<void> a_body_that_joins_a_failing_child_gets_its_error(World) {
  std::string joined_error;
  try {
    co_await with_scope([&joined_error](Scope& scope) -> Task<void> {
      JoinHandle<void> child = spawn_routine(scope, fail_with<Routine>("only"));
      Joined<void> joined = co_await child.join();
      if (joined.kind() != Joined<void>::Kind::exception) co_return;
      joined_error = text_of(joined.exception());
    });
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(joined_error, "only");
}

template <template <class> class Routine>
Routine<void> hold_a_scope(std::atomic<int>& stopped) {
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
  std::atomic<int> stopped = 0;
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
  std::atomic<int> stopped = 0;
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
  suite.add("several_errors_go_on_together_in_their_order",
            several_errors_go_on_together_in_their_order<Task>,
            several_errors_go_on_together_in_their_order<Script>, RunOrder::queue);
  suite.add("children_that_throw_for_being_stopped_add_no_error",
            children_that_throw_for_being_stopped_add_no_error<Task>,
            children_that_throw_for_being_stopped_add_no_error<Script>);
  suite.add("an_error_that_the_body_joined_is_one_error",
            an_error_that_the_body_joined_is_one_error<Task>,
            an_error_that_the_body_joined_is_one_error<Script>);
  suite.add("an_error_of_the_body_stops_the_children",
            an_error_of_the_body_stops_the_children<Task>,
            an_error_of_the_body_stops_the_children<Script>);
  suite.add("a_child_that_fails_stops_the_body", a_child_that_fails_stops_the_body<Task>,
            a_child_that_fails_stops_the_body<Script>, RunOrder::queue);
  suite.add("a_child_that_fails_ends_the_wait_of_the_body",
            a_child_that_fails_ends_the_wait_of_the_body<Task>,
            a_child_that_fails_ends_the_wait_of_the_body<Script>, RunOrder::queue);
  suite.add("a_body_that_joins_a_failing_child_gets_its_error",
            a_body_that_joins_a_failing_child_gets_its_error<Task>,
            a_body_that_joins_a_failing_child_gets_its_error<Script>, RunOrder::queue);
  suite.add("a_stop_goes_down_through_nested_scopes", a_stop_goes_down_through_nested_scopes<Task>,
            a_stop_goes_down_through_nested_scopes<Script>);
  suite.add("children_of_a_stopped_scope_run_and_are_stopped",
            children_of_a_stopped_scope_run_and_are_stopped<Task>,
            children_of_a_stopped_scope_run_and_are_stopped<Script>);
}

}  // namespace rota::testing_tasks
