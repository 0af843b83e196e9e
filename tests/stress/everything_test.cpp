// Tasks do a bit of everything on more workers than there are cores, and give way to others wherever
// the runtime meets with itself: nothing is lost, runs twice or leaks.

#include "stress/everything.hpp"
#include "conformance/temporary_folder.hpp"
#include "stress/column.hpp"
#include "stress/unrest.hpp"
#include "task/ledger.hpp"

#include <signal.h>

#include <thread>

namespace rota::testing_stress {
namespace {

using testing_tasks::Ledger;
using testing_tasks::Script;

constexpr std::uint32_t kYieldsPerMille = 100;

class EverythingTest : public testing::TestWithParam<Column> {
 protected:
  void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }

  [[nodiscard]] static std::size_t tasks() { return GetParam().workers + 4; }
};

template <template <class> class Routine>
Routine<void> run_all(World& world, std::size_t tasks, std::size_t times) {
  World* shared = &world;
  co_await with_scope([shared, tasks, times](Scope& scope) -> Task<void> {
    for (std::size_t i = 0; i < tasks; ++i) {
      const int id = static_cast<int>(i);
      static_cast<void>(spawn_routine(scope, do_everything<Routine>(*shared, id, i + 1, times)));
    }
    co_return;
  });
}

Task<void> run_on(const Column& column, World& world, std::size_t tasks, std::size_t times) {
  return column.task == TaskKind::coroutine ? run_all<Task>(world, tasks, times)
                                            : as_task(run_all<Script>(world, tasks, times));
}

/// Spawns from a thread of its own, joins by looking, stops or forgets, until it is told to end.
class Outsider {
 public:
  Outsider(Runtime& runtime, Place& place) : runtime_(runtime), place_(place) {}
  ~Outsider() {
    over_.store(true);
    thread_.join();
  }
  Outsider(const Outsider&) = delete;
  Outsider& operator=(const Outsider&) = delete;

 private:
  void spawn_on_and_on() {
    Random random(99);
    while (!over_.load()) {
      place_.at("spawning from outside");
      JoinHandle<int> task = runtime_.spawn(answer<Task>(random.next(), 1));
      const std::uint32_t fate = random.below(3);
      if (fate == 0) task.request_stop();
      // What was spawned is waited for, so that not all of the run is this thread's tasks.
      while (!task.is_done()) std::this_thread::yield();
    }
  }

  Runtime& runtime_;
  Place& place_;
  std::atomic<bool> over_{false};
  std::thread thread_{[this] { spawn_on_and_on(); }};
};

TEST_P(EverythingTest, goes_on_under_unrest_and_leaves_nothing) {
  const Column column = GetParam();
  const std::size_t times = rounds(column.workers > 8 ? 60 : 120);
  const Unrest unrest(kYieldsPerMille);
  const conformance::TemporaryFolder folder;
  Vigil vigil;
  const Ledger before = Ledger::now();
  {
    World world{.vigil = vigil, .folder = folder.path()};
    Result<Runtime> runtime = Runtime::make(column.config());
    if (!runtime) GTEST_SKIP() << "no such driver here: " << runtime.error().message();
    {
      const Outsider outsider(*runtime, vigil.place(Vigil::kPlaces - 1));
      runtime->block_on(run_on(column, world, tasks(), times));
    }
    EXPECT_TRUE(runtime->shutdown().clean());
    EXPECT_GT(runtime->counters().stolen, 0u);
    EXPECT_EQ(runtime->counters().timers_live, 0u);
    EXPECT_EQ(runtime->counters().operations_live, 0u);
  }
  EXPECT_EQ(Ledger::now(), before);
}

/// A thread that gives its processor away so often lasts for a time that nobody knows.
void give_way_at_random(Random& random) {
  for (std::uint32_t left = random.below(400); left > 0; --left) std::this_thread::yield();
}

TEST_P(EverythingTest, ends_cleanly_when_it_is_shut_down_at_any_moment) {
  const Column column = GetParam();
  const std::size_t times = rounds(column.workers > 8 ? 20 : 40);
  constexpr std::size_t kForEver = 1'000'000;
  const Unrest unrest(kYieldsPerMille);
  const conformance::TemporaryFolder folder;
  Vigil vigil;
  Random random(column.workers);
  for (std::size_t i = 0; i < times; ++i) {
    const Ledger before = Ledger::now();
    {
      World world{.vigil = vigil, .folder = folder.path()};
      Result<Runtime> runtime = Runtime::make(column.config());
      if (!runtime) GTEST_SKIP() << "no such driver here: " << runtime.error().message();
      JoinHandle<void> all = runtime->spawn(run_on(column, world, tasks(), kForEver));
      give_way_at_random(random);
      vigil.place(Vigil::kPlaces - 1).at("shutting down with a limit");
      while (random.chance(500)) {
        static_cast<void>(runtime->shutdown(Duration(random.below(1'000'000))));
      }
      vigil.place(Vigil::kPlaces - 1).at("shutting down");
      EXPECT_TRUE(runtime->shutdown().clean());
      EXPECT_TRUE(all.is_done());
    }
    EXPECT_EQ(Ledger::now(), before) << "round " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Stress, EverythingTest, testing::ValuesIn(columns()),
                         [](const testing::TestParamInfo<Column>& info) {
                           return info.param.name();
                         });

}  // namespace
}  // namespace rota::testing_stress
