// Tasks that wait for so many others: Barrier and Latch.

#include "task/suite.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

struct Phases {
  explicit Phases(std::size_t tasks) : barrier(tasks) {}

  Barrier barrier;
  std::atomic<std::size_t> arrived{0};
  std::atomic<std::size_t> last{0};
};

template <template <class> class Routine>
Routine<void> go_through_phases(Phases& phases, std::size_t tasks, std::size_t count) {
  for (std::size_t phase = 1; phase <= count; ++phase) {
    phases.arrived += 1;
    Result<Arrival> arrival = co_await phases.barrier.arrive_and_wait();
    if (arrival.value() == Arrival::last) phases.last += 1;
    // All of this phase have arrived, and none is two phases ahead.
    EXPECT_GE(phases.arrived.load(), phase * tasks);
    EXPECT_LT(phases.arrived.load(), (phase + 1) * tasks + 1);
  }
}

template <template <class> class Routine>
Routine<void> each_phase_ends_for_all_with_one_that_was_last(World) {
  constexpr std::size_t kTasks = 5;
  const std::size_t count = rounds(100);
  Phases phases(kTasks + 1);
  std::thread thread([&] {
    for (std::size_t phase = 0; phase < count; ++phase) {
      phases.arrived += 1;
      Result<Arrival> arrival = wait_in_thread(phases.barrier.arrive_and_wait());
      if (arrival.value() == Arrival::last) phases.last += 1;
    }
  });
  co_await with_scope([&](Scope& scope) -> Task<void> {
    for (std::size_t i = 0; i < kTasks; ++i) {
      spawn_routine(scope, go_through_phases<Routine>(phases, kTasks + 1, count));
    }
    co_return;
  });
  thread.join();
  EXPECT_EQ(phases.last.load(), count);
  EXPECT_EQ(phases.barrier.phase(), count);
}

template <template <class> class Routine>
Routine<int> arrive(Barrier& barrier) {
  Result<Arrival> arrival = co_await barrier.arrive_and_wait();
  if (!arrival) co_return arrival.error().value();
  co_return *arrival == Arrival::last ? -1 : 0;
}

template <template <class> class Routine>
Routine<void> a_cancelled_arrival_does_not_count(World) {
  Barrier barrier(2);
  JoinHandle<int> stopped = spawn_routine(arrive<Routine>(barrier));
  co_await yield();
  stopped.request_stop();
  Joined<int> canceled = co_await stopped.join();
  EXPECT_EQ(std::move(canceled).value(), ECANCELED);
  JoinHandle<int> first = spawn_routine(arrive<Routine>(barrier));
  co_await yield();
  EXPECT_FALSE(first.is_done());
  Result<Arrival> second = co_await barrier.arrive_and_wait();
  EXPECT_EQ(second.value(), Arrival::last);
  Joined<int> joined = co_await first.join();
  EXPECT_EQ(std::move(joined).value(), 0);
}

template <template <class> class Routine>
Routine<void> one_whose_phase_has_ended_is_through_although_it_is_stopped(World) {
  Barrier barrier(2);
  JoinHandle<int> first = spawn_routine(arrive<Routine>(barrier));
  co_await yield();
  EXPECT_EQ(barrier.arrive_and_drop(), Arrival::last);
  first.request_stop();
  Joined<int> joined = co_await first.join();
  EXPECT_EQ(std::move(joined).value(), 0);
}

template <template <class> class Routine>
Routine<void> whoever_drops_out_is_expected_no_more(World) {
  Barrier barrier(3);
  EXPECT_EQ(barrier.arrive_and_drop(), Arrival::waited);
  JoinHandle<int> other = spawn_routine(arrive<Routine>(barrier));
  Result<Arrival> arrival = co_await barrier.arrive_and_wait();
  Joined<int> joined = co_await other.join();
  const bool this_was_last = arrival.value() == Arrival::last;
  EXPECT_EQ(std::move(joined).value(), this_was_last ? 0 : -1);
  EXPECT_EQ(barrier.arrive_and_drop(), Arrival::waited);
  Result<Arrival> alone = co_await barrier.arrive_and_wait();
  EXPECT_EQ(alone.value(), Arrival::last);
  EXPECT_EQ(barrier.phase(), 2u);
}

template <template <class> class Routine>
Routine<int> wait_for_latch(Latch& latch) {
  Result<void> through = co_await latch.wait();
  co_return through ? 0 : through.error().value();
}

template <template <class> class Routine>
Routine<void> a_latch_opens_when_it_is_counted_down(World) {
  Latch latch(3);
  JoinHandle<int> stopped = spawn_routine(wait_for_latch<Routine>(latch));
  JoinHandle<int> waits = spawn_routine(wait_for_latch<Routine>(latch));
  stopped.request_stop();
  Joined<int> canceled = co_await stopped.join();
  EXPECT_EQ(std::move(canceled).value(), ECANCELED);
  latch.count_down();
  for (int i = 0; i < 4; ++i) co_await yield();
  EXPECT_FALSE(latch.try_wait());
  EXPECT_FALSE(waits.is_done());
  std::thread thread([&latch] { EXPECT_TRUE(wait_in_thread(latch.wait()).has_value()); });
  latch.count_down(2);
  EXPECT_TRUE(latch.try_wait());
  Result<void> through = co_await latch.wait();
  EXPECT_TRUE(through.has_value());
  Joined<int> joined = co_await waits.join();
  EXPECT_EQ(std::move(joined).value(), 0);
  thread.join();
}

}  // namespace

void add_barrier_scenarios(Suite& suite) {
  suite.add("each_phase_ends_for_all_with_one_that_was_last",
            each_phase_ends_for_all_with_one_that_was_last<Task>,
            each_phase_ends_for_all_with_one_that_was_last<Script>);
  suite.add("a_cancelled_arrival_does_not_count", a_cancelled_arrival_does_not_count<Task>,
            a_cancelled_arrival_does_not_count<Script>, RunOrder::queue);
  suite.add("one_whose_phase_has_ended_is_through_although_it_is_stopped",
            one_whose_phase_has_ended_is_through_although_it_is_stopped<Task>,
            one_whose_phase_has_ended_is_through_although_it_is_stopped<Script>, RunOrder::queue);
  suite.add("whoever_drops_out_is_expected_no_more", whoever_drops_out_is_expected_no_more<Task>,
            whoever_drops_out_is_expected_no_more<Script>);
  suite.add("a_latch_opens_when_it_is_counted_down", a_latch_opens_when_it_is_counted_down<Task>,
            a_latch_opens_when_it_is_counted_down<Script>);
}

}  // namespace rota::testing_tasks
