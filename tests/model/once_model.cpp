#include "model/task_run.hpp"
#include "model/wait_results.hpp"

#include <rota/event.hpp>
#include <rota/once.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace rota {
namespace {

using model::is_done;
using model::never;
using model::TaskRun;

// What is to be done once. Its first tries may fail.
struct Setup {
  explicit Setup(int tries) : failing(tries) {}

  Task<Result<void>> run() {
    tried = tried + 1;
    if (tried <= failing) co_return failure(EIO);
    done = 1;
    co_return Result<void>();
  }

  const int failing;
  model::Plain<int> tried{0};
  model::Plain<int> done{0};
};

Task<> call(Once& once, Setup& setup, Result<void>& into) {
  into = co_await once.call([&setup] { return setup.run(); });
}

// True: it was done. False: it failed, in this call.
bool call_in_task(Once& once, Setup& setup) {
  Result<void> result;
  TaskRun run(call(once, setup, result));
  run.begin();
  run.end();
  if (!is_done(result, EIO)) return false;
  model::check(setup.done == 1, "what was done is seen by whoever is told so");
  return true;
}

// Two call at once, of whom nobody fails, or whoever comes first.
template <int failing>
void two_calls() {
  Once once;
  Setup setup(failing);
  model::watch(once, "once");
  int succeeded = 0;
  model::spawn("other", [&] { succeeded += call_in_task(once, setup) ? 1 : 0; });
  succeeded += call_in_task(once, setup) ? 1 : 0;
  model::join_all();
  model::check(setup.tried == 1 + failing, "after a success nobody tries again");
  model::check(succeeded == 2 - failing, "who fails is told, and the next one tries");
}

Task<> call_and_wait(Once& once, Event& event, Result<void>& into) {
  into = co_await once.call([&event]() -> Task<Result<void>> {
    Result<void> waited = co_await event.wait();
    co_return waited;
  });
}

// One is inside and waits; a second, which waits for that, is stopped as it ends.
void a_stop_beside_the_end() {
  Once once;
  Event event;
  Setup setup(0);
  model::watch(once, "once");
  model::watch(event, "event");
  Result<void> first_result;
  Result<void> second_result;
  TaskRun first(call_and_wait(once, event, first_result));
  TaskRun second(call(once, setup, second_result));
  first.begin();
  second.begin();
  model::spawn("first", [&] { first.end(); });
  model::spawn("second", [&] { second.end(); });
  event.set();
  second.task().look_to_stop();
  model::join_all();
  is_done(first_result, never);
  is_done(second_result, ECANCELED);
  model::check(setup.tried == 0 && once.is_done(), "it was done, once");
}

TEST(once, one_of_two_does_it_and_both_see_what_was_done) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, two_calls<0>));
}

TEST(once, after_a_failure_the_next_one_tries) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, two_calls<1>));
}

TEST(once, a_stopped_wait_ends_once_and_leaves_the_others) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, a_stop_beside_the_end));
}

}  // namespace
}  // namespace rota
