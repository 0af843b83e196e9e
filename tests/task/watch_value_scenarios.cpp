#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>
#include <utility>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<int> next_change(WatchReader<int>& reader) {
  Result<int> changed = co_await reader.changed();
  co_return changed ? *changed : -changed.error().value();
}

template <template <class> class Routine>
Routine<void> a_watch_shows_the_newest_value_once_per_change(World) {
  Watch<int> watch(1);
  WatchReader<int> reader = watch.subscribe();
  EXPECT_EQ(reader.get(), 1);
  EXPECT_TRUE(watch.set(2).has_value());
  EXPECT_TRUE(watch.set(3).has_value());
  Result<int> changed = co_await reader.changed();
  EXPECT_EQ(changed.value(), 3);
  JoinHandle<int> parked = spawn_routine(next_change<Routine>(reader));
  for (int i = 0; i < 4; ++i) co_await yield();
  EXPECT_FALSE(parked.is_done());
  EXPECT_TRUE(watch.set(4).has_value());
  Joined<int> joined = co_await parked.join();
  EXPECT_EQ(std::move(joined).value(), 4);
  EXPECT_EQ(watch.get(), 4);
}

template <template <class> class Routine>
Routine<void> a_closed_watch_shows_its_last_value_and_then_ends(World) {
  Watch<int> watch(1);
  WatchReader<int> reader = watch.subscribe();
  WatchReader<int> other = watch.subscribe();
  JoinHandle<int> parked = spawn_routine(next_change<Routine>(other));
  co_await yield();
  EXPECT_TRUE(watch.set(2).has_value());
  watch.close();
  EXPECT_EQ(watch.set(3).error(), std::errc::broken_pipe);
  Joined<int> joined = co_await parked.join();
  EXPECT_EQ(std::move(joined).value(), 2);
  Result<int> last = co_await reader.changed();
  EXPECT_EQ(last.value(), 2);
  Result<int> nothing = co_await reader.changed();
  EXPECT_EQ(nothing.error(), std::errc::broken_pipe);
}

template <template <class> class Routine>
Routine<void> a_cancelled_wait_for_a_change_leaves_it_unseen(World) {
  Watch<int> watch(1);
  WatchReader<int> reader = watch.subscribe();
  JoinHandle<int> child = spawn_routine(next_change<Routine>(reader));
  co_await yield();
  child.request_stop();
  Joined<int> stopped = co_await child.join();
  EXPECT_EQ(std::move(stopped).value(), -ECANCELED);
  EXPECT_TRUE(watch.set(2).has_value());
  Result<int> changed = co_await reader.changed();
  EXPECT_EQ(changed.value(), 2);
}

// What a thread sets a task sees in order, the last one certainly.
template <template <class> class Routine>
Routine<void> a_task_follows_a_watch_that_a_thread_sets(World) {
  const int values = static_cast<int>(rounds(2'000));
  Watch<int> watch(0);
  WatchReader<int> reader = watch.subscribe();
  std::thread thread([&] {
    for (int i = 1; i <= values; ++i) EXPECT_TRUE(watch.set(i).has_value());
  });
  int seen = 0;
  while (seen < values) {
    Result<int> changed = co_await reader.changed();
    EXPECT_GT(changed.value(), seen);
    seen = *changed;
  }
  thread.join();
}

}  // namespace

void add_watch_value_scenarios(Suite& suite) {
  suite.add("a_watch_shows_the_newest_value_once_per_change",
            a_watch_shows_the_newest_value_once_per_change<Task>,
            a_watch_shows_the_newest_value_once_per_change<Script>);
  suite.add("a_closed_watch_shows_its_last_value_and_then_ends",
            a_closed_watch_shows_its_last_value_and_then_ends<Task>,
            a_closed_watch_shows_its_last_value_and_then_ends<Script>);
  suite.add("a_cancelled_wait_for_a_change_leaves_it_unseen",
            a_cancelled_wait_for_a_change_leaves_it_unseen<Task>,
            a_cancelled_wait_for_a_change_leaves_it_unseen<Script>);
  suite.add("a_task_follows_a_watch_that_a_thread_sets",
            a_task_follows_a_watch_that_a_thread_sets<Task>,
            a_task_follows_a_watch_that_a_thread_sets<Script>);
}

}  // namespace rota::testing_tasks
