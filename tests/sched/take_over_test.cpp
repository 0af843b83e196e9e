// A worker is taken over while its task is inside user code: the worker goes on with its other
// tasks on the new carrier, and whatever the stuck task then asks of the runtime takes the foreign
// path, takes effect, and brings the task home at its next wait.

#include "sched/stage.hpp"
#include "task/ledger.hpp"
#include "task/script.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>

namespace rota::testing_sched {
namespace {

using testing_tasks::as_task;
using testing_tasks::Ledger;
using testing_tasks::Script;

/// How the task is stuck.
enum class Stuck : std::uint8_t { computes, sleeps, blocks };

/// What it does of the runtime before it knows that its worker is gone.
enum class Act : std::uint8_t {
  wait, yield, spawn, wake, submit, adopt, cancel, allocate, free, end, fail
};

constexpr const char* kActNames[] = {"wait",   "yield",    "spawn", "wake", "submit", "adopt",
                                     "cancel", "allocate", "free",  "end",  "fail"};
constexpr const char* kStuckNames[] = {"computes", "sleeps", "blocks"};

/// What the threads and tasks of one case tell each other. The stuck task reaches `at_point`, the
/// taker takes its worker and carries it, and the other task, which only the new carrier can run,
/// releases it.
struct Play {
  Stage stage;
  std::atomic<bool> at_point{false};
  std::atomic<bool> released{false};
  int release_pipe[2] = {-1, -1};
  int data_pipe[2] = {-1, -1};
  std::thread::id first_carrier;
  std::atomic<std::thread::id> second_carrier;
  Event wake_event;
  Event never;

  Play() {
    EXPECT_EQ(pipe(release_pipe), 0);
    EXPECT_EQ(pipe(data_pipe), 0);
    const char byte = 'd';
    EXPECT_EQ(write(data_pipe[1], &byte, 1), 1);
  }
  ~Play() {
    stage.drain();
    for (const int fd : {release_pipe[0], release_pipe[1], data_pipe[0], data_pipe[1]}) close(fd);
  }

  [[nodiscard]] bool on_first() const { return std::this_thread::get_id() == first_carrier; }
  [[nodiscard]] bool on_second() const {
    return std::this_thread::get_id() == second_carrier.load();
  }
  void release() {
    released.store(true);
    const char byte = 'r';
    EXPECT_EQ(write(release_pipe[1], &byte, 1), 1);
  }
};

/// User code that does not come back before the other task has run.
void be_stuck(Play& play, Stuck how) {
  play.at_point.store(true);
  switch (how) {
    case Stuck::computes:
      while (!play.released.load()) sched_yield();
      break;
    case Stuck::sleeps: {
      const timespec moment{.tv_sec = 0, .tv_nsec = 20'000};
      while (!play.released.load()) nanosleep(&moment, nullptr);
      break;
    }
    case Stuck::blocks: {
      char byte = 0;
      EXPECT_EQ(read(play.release_pipe[0], &byte, 1), 1);
      break;
    }
  }
}

template <template <class> class Routine>
Routine<bool> run_at_home(Play& play) {
  co_return play.on_second();
}
template <template <class> class Routine>
Routine<bool> wait_for_the_wake(Play& play) {
  Result<void> waited = co_await play.wake_event.wait();
  co_return waited.has_value() && play.on_second();
}
template <template <class> class Routine>
Routine<bool> wait_for_a_stop(Play& play) {
  Result<void> waited = co_await play.never.wait();
  co_return !waited.has_value() && play.on_second();
}
template <template <class> class Routine>
Routine<int> answer_without_waiting() {
  co_return 5;
}

/// The siblings of the stuck task: parked by the time it is stuck.
struct Siblings {
  JoinHandle<bool> waker;
  JoinHandle<bool> stopped;
};

template <template <class> class Routine>
Routine<int> be_stuck_then_act(Play& play, Stuck how, Act act, Siblings& siblings) {
  std::optional<Task<int>> from_home(as_task(answer_without_waiting<Routine>()));
  FdWatch watch(play.data_pipe[0]);
  be_stuck(play, how);
  EXPECT_TRUE(play.on_first());
  std::optional<JoinHandle<bool>> spawned;
  switch (act) {
    case Act::wait:
    case Act::yield:
    case Act::submit:
    case Act::end:
      break;
    case Act::spawn:
      spawned.emplace(spawn(as_task(run_at_home<Routine>(play))));
      break;
    case Act::wake:
      play.wake_event.set();
      break;
    case Act::adopt: {
      const FdWatch another(play.data_pipe[1]);
      break;
    }
    case Act::cancel:
      siblings.stopped.request_stop();
      break;
    case Act::allocate: {
      Task<int> made_here = as_task(answer_without_waiting<Routine>());
      int answer = co_await std::move(made_here);
      EXPECT_EQ(answer, 5);
      EXPECT_TRUE(play.on_first());
      break;
    }
    case Act::free:
      from_home.reset();
      break;
    case Act::fail:
      throw std::runtime_error("failed on the foreign path");
  }
  if (act == Act::end) co_return 1;
  if (act == Act::yield) {
    co_await yield();
  } else if (act == Act::submit) {
    Result<PollEvents> seen = co_await watch.wait(POLLIN);
    EXPECT_TRUE(seen.has_value());
  } else {
    Result<void> slept = co_await sleep(Duration(1));
    EXPECT_TRUE(slept.has_value());
  }
  EXPECT_TRUE(play.on_second()) << "the task did not come home";
  if (spawned) {
    Joined<bool> joined = co_await spawned->join();
    EXPECT_TRUE(std::move(joined).value());
  }
  co_return 1;
}

/// Runs on the new carrier only, while the stuck task is still stuck; then ends the play.
template <template <class> class Routine>
Routine<void> go_on_beside(Play& play, Act act, JoinHandle<int>& stuck, Siblings& siblings) {
  EXPECT_TRUE(play.on_second());
  EXPECT_FALSE(stuck.is_done());
  Result<void> slept = co_await sleep(Duration(1));
  EXPECT_TRUE(slept.has_value());
  play.release();
  // A stop from home meets the task while it fails on the other thread.
  if (act == Act::fail) stuck.request_stop();
  Joined<int> joined = co_await stuck.join();
  if (act == Act::fail) {
    EXPECT_EQ(joined.kind(), Joined<int>::Kind::exception);
  } else {
    EXPECT_EQ(std::move(joined).value(), 1);
  }
  play.wake_event.set();
  siblings.stopped.request_stop();
  Joined<bool> woken = co_await siblings.waker.join();
  EXPECT_TRUE(std::move(woken).value());
  Joined<bool> stopped = co_await siblings.stopped.join();
  EXPECT_TRUE(std::move(stopped).value());
  play.stage.worker().leave();
}

template <template <class> class Routine>
void perform(Stuck how, Act act) {
  Play play;
  Siblings siblings{play.stage.spawn(as_task(wait_for_the_wake<Routine>(play))),
                    play.stage.spawn(as_task(wait_for_a_stop<Routine>(play)))};
  JoinHandle<int> stuck =
      play.stage.spawn(as_task(be_stuck_then_act<Routine>(play, how, act, siblings)));
  JoinHandle<void> other =
      play.stage.spawn(as_task(go_on_beside<Routine>(play, act, stuck, siblings)));

  Worker& worker = play.stage.worker();
  std::thread second([&play, &worker] {
    play.second_carrier.store(std::this_thread::get_id());
    while (!play.at_point.load()) sched_yield();
    while (!worker.try_take_over()) sched_yield();
    EXPECT_EQ(worker.carry(current_seat()), Worker::CarryEnd::left);
  });
  while (play.second_carrier.load() == std::thread::id()) sched_yield();
  play.first_carrier = std::this_thread::get_id();
  EXPECT_EQ(worker.carry(current_seat()), Worker::CarryEnd::taken);
  second.join();
  EXPECT_TRUE(other.is_done());
}

using Case = std::tuple<bool, Stuck, Act>;

class TakeOverTest : public testing::TestWithParam<Case> {};

TEST_P(TakeOverTest, the_worker_goes_on_and_the_task_comes_home) {
  const auto [fiber, how, act] = GetParam();
  const Ledger before = Ledger::now();
  if (fiber) {
    perform<Script>(how, act);
  } else {
    perform<Task>(how, act);
  }
  EXPECT_EQ(Ledger::now(), before);
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
  const auto [fiber, how, act] = info.param;
  return std::string(fiber ? "fiber" : "coroutine") + "_" +
         kStuckNames[static_cast<std::size_t>(how)] + "_" +
         kActNames[static_cast<std::size_t>(act)];
}

INSTANTIATE_TEST_SUITE_P(
    Points, TakeOverTest,
    testing::Combine(testing::Bool(),
                     testing::Values(Stuck::computes, Stuck::sleeps, Stuck::blocks),
                     testing::Values(Act::wait, Act::yield, Act::spawn, Act::wake, Act::submit,
                                     Act::adopt, Act::cancel, Act::allocate, Act::free, Act::end,
                                     Act::fail)),
    name_of);

TEST(TakeOver, a_worker_outside_any_task_is_not_taken) {
  Stage stage;
  EXPECT_FALSE(stage.worker().try_take_over());
}

}  // namespace
}  // namespace rota::testing_sched
