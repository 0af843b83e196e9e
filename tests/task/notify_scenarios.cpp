#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

template <template <class> class Routine>
Routine<int> wait_and_note(Notify& notify, int id, std::vector<int>& order) {
  Result<void> notified = co_await notify.wait();
  if (!notified) co_return notified.error().value();
  order.push_back(id);
  co_return 0;
}

template <template <class> class Routine>
Routine<void> one_notification_is_kept_for_the_next_wait(World) {
  Notify notify;
  std::vector<int> order;
  notify.notify_all();  // Nobody waits: nothing is kept.
  notify.notify_one();
  notify.notify_one();
  Result<void> first = co_await notify.wait();
  EXPECT_TRUE(first.has_value());
  JoinHandle<int> second = spawn_routine(wait_and_note<Routine>(notify, 2, order));
  for (int i = 0; i < 4; ++i) co_await yield();
  EXPECT_FALSE(second.is_done());
  notify.notify_one();
  Joined<int> joined = co_await second.join();
  EXPECT_EQ(std::move(joined).value(), 0);
}

template <template <class> class Routine>
Routine<void> notifications_go_to_the_waits_in_their_order(World) {
  Notify notify;
  std::vector<int> order;
  JoinHandle<int> one = spawn_routine(wait_and_note<Routine>(notify, 1, order));
  JoinHandle<int> two = spawn_routine(wait_and_note<Routine>(notify, 2, order));
  JoinHandle<int> three = spawn_routine(wait_and_note<Routine>(notify, 3, order));
  JoinHandle<int> four = spawn_routine(wait_and_note<Routine>(notify, 4, order));
  co_await yield();
  one.request_stop();
  Joined<int> stopped = co_await one.join();
  EXPECT_EQ(std::move(stopped).value(), ECANCELED);
  notify.notify_one();
  co_await yield();
  EXPECT_EQ(order, std::vector{2});
  notify.notify_all();
  Joined<int> last = co_await four.join();
  EXPECT_EQ(std::move(last).value(), 0);
  EXPECT_EQ(order, (std::vector{2, 3, 4}));
}

template <template <class> class Routine>
Routine<void> one_that_was_let_through_ends_well_although_it_is_stopped(World) {
  Notify notify;
  std::vector<int> order;
  JoinHandle<int> child = spawn_routine(wait_and_note<Routine>(notify, 1, order));
  co_await yield();
  notify.notify_one();
  child.request_stop();
  Joined<int> joined = co_await child.join();
  EXPECT_EQ(std::move(joined).value(), 0);
}

// Whatever the moment, the notification is with the task or kept for the next one.
template <template <class> class Routine>
Routine<void> a_stop_at_any_moment_loses_no_notification(World) {
  constexpr int kMoments = 6;
  for (int moment = 0; moment < kMoments; ++moment) {
    Notify notify;
    std::vector<int> order;
    JoinHandle<int> child = spawn_routine(wait_and_note<Routine>(notify, 1, order));
    for (int turn = 0; turn < moment; ++turn) co_await yield();
    std::thread other([&notify] { notify.notify_one(); });
    child.request_stop();
    Joined<int> joined = co_await child.join();
    other.join();
    if (std::move(joined).value() == 0) continue;
    Result<void> kept = co_await notify.wait();
    EXPECT_TRUE(kept.has_value());
  }
}

template <template <class> class Routine>
Routine<void> a_worker_and_a_thread_notify_each_other(World) {
  const std::size_t times = rounds(100);
  Notify ping;
  Notify pong;
  std::thread thread([&] {
    for (std::size_t i = 0; i < times; ++i) {
      EXPECT_TRUE(wait_in_thread(ping.wait()).has_value());
      pong.notify_one();
    }
  });
  for (std::size_t i = 0; i < times; ++i) {
    ping.notify_one();
    Result<void> notified = co_await pong.wait();
    EXPECT_TRUE(notified.has_value());
  }
  thread.join();
}

}  // namespace

void add_notify_scenarios(Suite& suite) {
  suite.add("one_notification_is_kept_for_the_next_wait",
            one_notification_is_kept_for_the_next_wait<Task>,
            one_notification_is_kept_for_the_next_wait<Script>);
  suite.add("notifications_go_to_the_waits_in_their_order",
            notifications_go_to_the_waits_in_their_order<Task>,
            notifications_go_to_the_waits_in_their_order<Script>, RunOrder::queue);
  suite.add("one_that_was_let_through_ends_well_although_it_is_stopped",
            one_that_was_let_through_ends_well_although_it_is_stopped<Task>,
            one_that_was_let_through_ends_well_although_it_is_stopped<Script>, RunOrder::queue);
  suite.add("a_stop_at_any_moment_loses_no_notification",
            a_stop_at_any_moment_loses_no_notification<Task>,
            a_stop_at_any_moment_loses_no_notification<Script>);
  suite.add("a_worker_and_a_thread_notify_each_other",
            a_worker_and_a_thread_notify_each_other<Task>,
            a_worker_and_a_thread_notify_each_other<Script>);
}

}  // namespace rota::testing_tasks
