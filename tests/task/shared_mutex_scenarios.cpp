#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<void> readers_share_and_a_writer_is_alone(World) {
  SharedMutex mutex;
  Result<ReadGuard> one = co_await mutex.lock_shared();
  std::optional<ReadGuard> other = mutex.try_lock_shared();
  EXPECT_TRUE(other.has_value());
  EXPECT_FALSE(mutex.try_lock().has_value());
  other.reset();
  one->unlock();
  Result<WriteGuard> writer = co_await mutex.lock();
  EXPECT_TRUE(writer->owns_lock());
  EXPECT_FALSE(mutex.try_lock().has_value());
  EXPECT_FALSE(mutex.try_lock_shared().has_value());
}

/// "r1 " as it enters, "-1 " as it leaves, after the others had a turn.
template <template <class> class Routine>
Routine<int> read_and_note(SharedMutex& mutex, std::string name, std::string& story) {
  Result<ReadGuard> guard = co_await mutex.lock_shared();
  if (!guard) co_return guard.error().value();
  story += "r" + name + " ";
  co_await yield();
  story += "-" + name + " ";
  co_return 0;
}
template <template <class> class Routine>
Routine<int> write_and_note(SharedMutex& mutex, std::string name, std::string& story) {
  Result<WriteGuard> guard = co_await mutex.lock();
  if (!guard) co_return guard.error().value();
  story += "w" + name + " ";
  co_await yield();
  story += "-" + name + " ";
  co_return 0;
}

template <template <class> class Routine>
Routine<void> readers_next_to_each_other_enter_together_and_pass_no_writer(World) {
  SharedMutex mutex;
  std::string story;
  Result<WriteGuard> held = co_await mutex.lock();
  JoinHandle<int> one = spawn_routine(read_and_note<Routine>(mutex, "1", story));
  JoinHandle<int> two = spawn_routine(read_and_note<Routine>(mutex, "2", story));
  JoinHandle<int> three = spawn_routine(write_and_note<Routine>(mutex, "3", story));
  JoinHandle<int> four = spawn_routine(read_and_note<Routine>(mutex, "4", story));
  co_await yield();
  held->unlock();
  EXPECT_FALSE(mutex.try_lock_shared().has_value());  // A writer waits.
  Joined<int> last = co_await four.join();
  EXPECT_EQ(std::move(last).value(), 0);
  EXPECT_EQ(story, "r1 r2 -1 -2 w3 -3 r4 -4 ");
}

template <template <class> class Routine>
Routine<void> a_cancelled_writer_lets_the_readers_behind_it_in(World) {
  SharedMutex mutex;
  std::string story;
  Result<ReadGuard> held = co_await mutex.lock_shared();
  JoinHandle<int> writer = spawn_routine(write_and_note<Routine>(mutex, "1", story));
  JoinHandle<int> reader = spawn_routine(read_and_note<Routine>(mutex, "2", story));
  co_await yield();
  EXPECT_EQ(story, "");
  writer.request_stop();
  Joined<int> stopped = co_await writer.join();
  EXPECT_EQ(std::move(stopped).value(), ECANCELED);
  Joined<int> entered = co_await reader.join();
  EXPECT_EQ(std::move(entered).value(), 0);
  EXPECT_EQ(story, "r2 -2 ");
}

template <template <class> class Routine>
Routine<void> a_writer_that_was_let_in_writes_although_it_is_stopped(World) {
  SharedMutex mutex;
  std::string story;
  Result<ReadGuard> held = co_await mutex.lock_shared();
  JoinHandle<int> writer = spawn_routine(write_and_note<Routine>(mutex, "1", story));
  co_await yield();
  held->unlock();
  writer.request_stop();
  Joined<int> joined = co_await writer.join();
  EXPECT_EQ(std::move(joined).value(), 0);
  EXPECT_EQ(story, "w1 -1 ");
  EXPECT_TRUE(mutex.try_lock().has_value());
}

/// Two halves that a writer changes one after the other, without atomics.
struct Whole {
  SharedMutex mutex;
  long left = 0;
  long right = 0;
};

template <template <class> class Routine>
Routine<void> write_often(Whole& whole, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    Result<WriteGuard> guard = co_await whole.mutex.lock();
    if (!guard) co_return;
    whole.left += 1;
    if (i % 8 == 0) co_await yield();
    whole.right += 1;
  }
}
template <template <class> class Routine>
Routine<void> read_often(Whole& whole, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    Result<ReadGuard> guard = co_await whole.mutex.lock_shared();
    if (!guard) co_return;
    const long left = whole.left;
    if (i % 8 == 0) co_await yield();
    EXPECT_EQ(left, whole.right);
  }
}

template <template <class> class Routine>
Routine<void> readers_see_whole_what_writers_change(World) {
  const std::size_t times = rounds(200);
  Whole whole;
  std::thread thread([&] {
    for (std::size_t i = 0; i < times; ++i) {
      Result<ReadGuard> guard = wait_in_thread(whole.mutex.lock_shared());
      EXPECT_EQ(whole.left, whole.right);
    }
  });
  co_await with_scope([&](Scope& scope) -> Task<void> {
    for (int i = 0; i < 4; ++i) spawn_routine(scope, read_often<Routine>(whole, times));
    for (int i = 0; i < 2; ++i) spawn_routine(scope, write_often<Routine>(whole, times));
    co_return;
  });
  thread.join();
  EXPECT_EQ(whole.left, static_cast<long>(2 * times));
}

template <template <class> class Routine>
Routine<void> a_stop_at_any_moment_leaves_the_shared_mutex_free(World) {
  constexpr int kMoments = 6;
  for (int moment = 0; moment < kMoments; ++moment) {
    for (int release = 0; release <= moment; ++release) {
      Whole whole;
      Result<ReadGuard> held = co_await whole.mutex.lock_shared();
      JoinHandle<void> writer = spawn_routine(write_often<Routine>(whole, 1));
      JoinHandle<void> reader = spawn_routine(read_often<Routine>(whole, 1));
      for (int turn = 0; turn < moment; ++turn) {
        if (turn == release) held->unlock();
        co_await yield();
      }
      writer.request_stop();
      reader.request_stop();
      held->unlock();
      Joined<void> first = co_await writer.join();
      Joined<void> second = co_await reader.join();
      EXPECT_TRUE(first.has_value() && second.has_value());
      EXPECT_TRUE(whole.mutex.try_lock().has_value());
    }
  }
}

}  // namespace

void add_shared_mutex_scenarios(Suite& suite) {
  suite.add("readers_share_and_a_writer_is_alone", readers_share_and_a_writer_is_alone<Task>,
            readers_share_and_a_writer_is_alone<Script>);
  suite.add("readers_next_to_each_other_enter_together_and_pass_no_writer",
            readers_next_to_each_other_enter_together_and_pass_no_writer<Task>,
            readers_next_to_each_other_enter_together_and_pass_no_writer<Script>, RunOrder::queue);
  suite.add("a_cancelled_writer_lets_the_readers_behind_it_in",
            a_cancelled_writer_lets_the_readers_behind_it_in<Task>,
            a_cancelled_writer_lets_the_readers_behind_it_in<Script>, RunOrder::queue);
  suite.add("a_writer_that_was_let_in_writes_although_it_is_stopped",
            a_writer_that_was_let_in_writes_although_it_is_stopped<Task>,
            a_writer_that_was_let_in_writes_although_it_is_stopped<Script>, RunOrder::queue);
  suite.add("readers_see_whole_what_writers_change", readers_see_whole_what_writers_change<Task>,
            readers_see_whole_what_writers_change<Script>);
  suite.add("a_stop_at_any_moment_leaves_the_shared_mutex_free",
            a_stop_at_any_moment_leaves_the_shared_mutex_free<Task>,
            a_stop_at_any_moment_leaves_the_shared_mutex_free<Script>);
}

}  // namespace rota::testing_tasks
