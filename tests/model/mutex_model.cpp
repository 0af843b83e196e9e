#include "model/parked_task.hpp"
#include "model/wait_results.hpp"

#include <rota/mutex.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <utility>

namespace rota {
namespace {

using model::await_in;
using model::never;
using model::ParkedTask;
using model::Suspension;

// The next number, written down by whoever has the mutex. False: it was stopped.
bool count_in(Result<MutexGuard>&& locked, model::Plain<int>& count, int otherwise) {
  if (!locked) {
    model::check(locked.error().value() == otherwise, "it has the mutex, or is told why not");
    return false;
  }
  const MutexGuard guard = std::move(*locked);
  count = count + 1;
  return true;
}
void lock_and_count(Mutex& mutex, model::Plain<int>& count) {
  ParkedTask task;
  count_in(await_in(task, [&] { return mutex.lock(); }), count, never);
}

// Three lock it, and the last one destroys it.
void three_lock() {
  Mutex mutex;
  model::Plain<int> count{0};
  model::watch(mutex, "mutex");
  model::spawn("one", [&] { lock_and_count(mutex, count); });
  model::spawn("other", [&] { lock_and_count(mutex, count); });
  lock_and_count(mutex, count);
  model::join_all();
  model::check(count == 3, "one at a time");
}

// One who waits is stopped while the holder unlocks and another one comes.
void a_stop_beside_an_unlock() {
  Mutex mutex;
  model::Plain<int> count{0};
  model::watch(mutex, "mutex");
  std::optional<MutexGuard> held = mutex.try_lock();
  ParkedTask task;
  Suspension wait(task, [&] { return mutex.lock(); });
  bool counted = false;
  model::spawn("next", [&] { counted = count_in(wait.end(), count, ECANCELED); });
  model::spawn("holder", [&] {
    count = count + 1;
    held.reset();
  });
  model::spawn("third", [&] { lock_and_count(mutex, count); });
  task.look_to_stop();
  model::join_all();
  model::check(task.wakes() == 1, "a suspension is ended by one wake");
  model::check(count == (counted ? 3 : 2), "whoever got it has counted");
}

TEST(mutex, tasks_are_inside_one_at_a_time) {
  model::expect_holds(model::explore_watched({.preemptions = 3}, three_lock));
}

TEST(mutex, a_stopped_lock_has_it_or_leaves_it_to_the_next) {
  model::expect_holds(model::explore_watched({.preemptions = 2}, a_stop_beside_an_unlock));
}

}  // namespace
}  // namespace rota
