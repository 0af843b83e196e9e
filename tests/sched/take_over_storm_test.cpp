// Two threads take one worker from each other at whatever moment they succeed, while its tasks do
// everything that task code may ask of a worker. Nothing may be lost, run twice or leak.

#include "base/random.hpp"
#include "busy.hpp"
#include "sched/stage.hpp"
#include "task/ledger.hpp"
#include "task/script.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <sched.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace rota::testing_sched {
namespace {

using testing_tasks::as_task;
using testing_tasks::Ledger;
using testing_tasks::Script;

constexpr std::size_t kTakeOvers = 2'000;  // the least number of them in one storm
constexpr int kTasks = 8;

struct Storm {
  Stage stage;
  std::atomic<std::size_t> take_overs{0};
  std::atomic<bool> over{false};
  // One pair of neighbours per channel.
  std::vector<std::unique_ptr<Channel<int>>> channels;

  Storm() {
    for (int i = 0; i < kTasks; ++i) channels.push_back(std::make_unique<Channel<int>>(2));
  }

  [[nodiscard]] bool enough() const { return take_overs.load() >= kTakeOvers; }

  /// A spare takes the worker when it can, carries it until it is taken, and begins again.
  void take_turns() {
    Worker& worker = stage.worker();
    while (!over.load()) {
      if (!worker.try_take_over()) {
        sched_yield();
        continue;
      }
      take_overs.fetch_add(1);
      if (worker.carry(current_seat()) == Worker::CarryEnd::left) return;
    }
  }
};

/// User code, often long enough to be caught in: who takes the worker runs a barrier on every core
/// meanwhile.
void compute(Random& random) { stay_busy(random.below(10'000)); }

/// It may run beside its parent, as the take-over lets tasks of one worker overlap.
template <template <class> class Routine>
Routine<int> echo(std::uint64_t seed, int value) {
  Random random(seed);
  compute(random);
  if (random.chance(500)) co_await yield();
  co_return value;
}

template <template <class> class Routine>
Routine<int> wait_for_a_stop(Event& never) {
  Result<void> waited = co_await never.wait();
  co_return waited ? 0 : 1;
}

template <template <class> class Routine>
Routine<void> send_and_receive(Storm& storm, Random& random, int id, int round) {
  Channel<int>& mine = *storm.channels[static_cast<std::size_t>(id)];
  Result<void> sent = co_await mine.send(round);
  EXPECT_TRUE(sent.has_value());
  compute(random);
  Result<int> received = co_await mine.receive();
  EXPECT_EQ(received.value(), round);
}

/// Does a bit of everything until the storm has lasted long enough; counts its rounds.
template <template <class> class Routine>
Routine<int> do_everything(Storm& storm, int id) {
  Random random(static_cast<std::uint64_t>(id) + 1);
  int round = 0;
  for (; !storm.enough(); ++round) {
    compute(random);
    int value = co_await as_task(echo<Routine>(random.next(), round));
    EXPECT_EQ(value, round);
    JoinHandle<int> child = spawn(as_task(echo<Routine>(random.next(), round)));
    compute(random);
    Joined<int> joined = co_await child.join();
    EXPECT_EQ(std::move(joined).value(), round);
    co_await as_task(send_and_receive<Routine>(storm, random, id, round));
    Event never;
    JoinHandle<int> stopped = spawn(as_task(wait_for_a_stop<Routine>(never)));
    compute(random);
    stopped.request_stop();
    Joined<int> canceled = co_await stopped.join();
    EXPECT_EQ(std::move(canceled).value(), 1);
    Result<void> slept = co_await sleep(Duration(random.below(20'000)));
    EXPECT_TRUE(slept.has_value());
  }
  co_return round;
}

template <template <class> class Routine>
Routine<void> run_the_storm(Storm& storm) {
  std::vector<JoinHandle<int>> tasks;
  for (int id = 0; id < kTasks; ++id) {
    tasks.push_back(spawn(as_task(do_everything<Routine>(storm, id))));
  }
  for (JoinHandle<int>& task : tasks) {
    Joined<int> joined = co_await task.join();
    EXPECT_GT(std::move(joined).value(), 0);
  }
  storm.over.store(true);
  storm.stage.worker().leave();
}

template <template <class> class Routine>
void rage() {
  const Ledger before = Ledger::now();
  {
    Storm storm;
    JoinHandle<void> all = storm.stage.spawn(as_task(run_the_storm<Routine>(storm)));
    std::thread spare([&storm] { storm.take_turns(); });
    if (storm.stage.worker().carry(current_seat()) == Worker::CarryEnd::taken) {
      storm.take_turns();
    }
    spare.join();
    storm.stage.drain();
    EXPECT_TRUE(all.is_done());
    EXPECT_GE(storm.take_overs.load(), kTakeOvers);
  }
  EXPECT_EQ(Ledger::now(), before);
}

TEST(TakeOverStorm, coroutines_survive_it) { rage<Task>(); }
TEST(TakeOverStorm, fibers_survive_it) { rage<Script>(); }

}  // namespace
}  // namespace rota::testing_sched
