// Several workers in one simulation: what they do is decided by the seed, and by nothing else.

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace rota::testing_sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSeeds = 48;

struct Crew {
  const char* name;
  SchedulerKind scheduler;
  std::uint32_t workers;
};
void PrintTo(const Crew& crew, std::ostream* out) { *out << crew.name; }

Runtime simulate(const Crew& crew, std::uint64_t seed) {
  Config config;
  config.driver.kind = DriverKind::sim;
  config.driver.seed = seed;
  config.scheduler.kind = crew.scheduler;
  config.scheduler.workers = crew.workers;
  return Runtime::make(config).value();
}

/// A step of a task: which one, where, and when.
using Step = std::tuple<int, WorkerIndex, std::int64_t>;

/// What everybody has done, in the order in which it was done.
class Log {
 public:
  void note(int task) { steps_.emplace_back(task, this_worker(), now().ns); }
  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
  [[nodiscard]] std::size_t workers_of(int task) const {
    std::set<WorkerIndex> workers;
    for (const auto& [id, worker, at] : steps_) {
      if (id == task) workers.insert(worker);
    }
    return workers.size();
  }

 private:
  std::vector<Step> steps_;
};

constexpr int kTalkers = 6;
constexpr int kRounds = 12;

/// Sends to the next of a ring, and takes from the one before.
Task<void> talk(int id, Log& log, Channel<int>& in, Channel<int>& out) {
  for (int round = 0; round < kRounds; ++round) {
    log.note(id);
    auto sent = co_await out.send(id);
    EXPECT_TRUE(sent.has_value());
    if (round % 3 == id % 3) co_await yield();
    auto received = co_await in.receive();
    EXPECT_TRUE(received.has_value());
    if (round % 4 == 0) {
      auto slept = co_await sleep(Duration(std::chrono::microseconds(50 * (id + 1))));
      EXPECT_TRUE(slept.has_value());
    }
  }
}

/// Waits again and again for a socket that `wake_often` writes to.
Task<void> watch_often(int id, Log& log, int fd) {
  FdWatch watch(fd);
  for (int round = 0; round < kRounds; ++round) {
    auto seen = co_await watch.wait(POLLIN);
    EXPECT_TRUE(seen.has_value());
    char byte = 0;
    EXPECT_EQ(::read(fd, &byte, 1), 1);
    log.note(id);
  }
}

Task<void> wake_often(int id, Log& log, int fd) {
  for (int round = 0; round < kRounds; ++round) {
    log.note(id);
    EXPECT_EQ(::write(fd, "x", 1), 1);
    co_await yield();
  }
}

class Sockets {
 public:
  Sockets() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0); }
  ~Sockets() {
    for (const int end : ends_) ::close(end);
  }
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;

  [[nodiscard]] int near() const { return ends_[0]; }
  [[nodiscard]] int far() const { return ends_[1]; }

 private:
  std::array<int, 2> ends_{-1, -1};
};

Task<void> everybody(Log& log, const Sockets& sockets) {
  std::vector<std::unique_ptr<Channel<int>>> ring;
  for (int i = 0; i < kTalkers; ++i) ring.push_back(std::make_unique<Channel<int>>(1));
  std::vector<JoinHandle<void>> joins;
  for (int i = 0; i < kTalkers; ++i) {
    Channel<int>& in = *ring[static_cast<std::size_t>(i)];
    Channel<int>& out = *ring[static_cast<std::size_t>((i + 1) % kTalkers)];
    joins.push_back(spawn(talk(i, log, in, out)));
  }
  joins.push_back(spawn(watch_often(kTalkers, log, sockets.near())));
  joins.push_back(spawn(wake_often(kTalkers + 1, log, sockets.far())));
  for (JoinHandle<void>& each : joins) {
    auto joined = co_await each.join();
    EXPECT_TRUE(joined.has_value());
  }
}

Log run_everybody(const Crew& crew, std::uint64_t seed) {
  Log log;
  const Sockets sockets;
  Runtime runtime = simulate(crew, seed);
  runtime.block_on(everybody(log, sockets));
  EXPECT_TRUE(runtime.shutdown().clean());
  return log;
}

class CrewTest : public testing::TestWithParam<Crew> {};

TEST_P(CrewTest, a_run_is_repeated_by_its_seed) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Log first = run_everybody(GetParam(), seed);
    ASSERT_EQ(first.steps(), run_everybody(GetParam(), seed).steps()) << "seed " << seed;
  }
}

TEST_P(CrewTest, each_seed_goes_its_own_way) {
  std::set<std::vector<Step>> ways;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    ways.insert(run_everybody(GetParam(), seed).steps());
  }
  EXPECT_EQ(ways.size(), kSeeds);
}

TEST_P(CrewTest, tasks_move_where_workers_steal_and_nowhere_else) {
  bool any_moved = false;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Log log = run_everybody(GetParam(), seed);
    for (int task = 0; task < kTalkers; ++task) any_moved = any_moved || log.workers_of(task) > 1;
  }
  EXPECT_EQ(any_moved, GetParam().scheduler == SchedulerKind::stealing && GetParam().workers > 1);
}

/// The seed that a runtime tells of.
std::uint64_t told_seed(const Runtime& runtime) {
  const std::string& reason = runtime.driver_reason();
  const std::size_t at = reason.find("Run with seed ");
  EXPECT_NE(at, std::string::npos) << reason;
  return std::stoull(reason.substr(at + std::string("Run with seed ").size()));
}

TEST_P(CrewTest, who_asks_for_any_seed_is_told_which_and_repeats_the_run_by_it) {
  Log drawn;
  const Sockets sockets;
  Runtime runtime = simulate(GetParam(), 0);
  runtime.block_on(everybody(drawn, sockets));
  const std::uint64_t seed = told_seed(runtime);
  EXPECT_NE(seed, 0U);
  EXPECT_EQ(drawn.steps(), run_everybody(GetParam(), seed).steps()) << "seed " << seed;
  EXPECT_NE(told_seed(simulate(GetParam(), 0)), seed);
}

Task<void> sleep_for_a_day() {
  auto slept = co_await sleep(24h);
  EXPECT_TRUE(slept.has_value());
}

Task<void> sleep_in_parallel() {
  const Instant before = now();
  std::vector<JoinHandle<void>> joins;
  for (int i = 0; i < 10; ++i) joins.push_back(spawn(sleep_for_a_day()));
  for (JoinHandle<void>& each : joins) {
    auto joined = co_await each.join();
    EXPECT_TRUE(joined.has_value());
  }
  EXPECT_GE(now() - before, Duration(24h));
  EXPECT_LT(now() - before, Duration(25h));
}

TEST_P(CrewTest, a_day_passes_for_all_workers_at_once) {
  Runtime runtime = simulate(GetParam(), 1);
  runtime.block_on(sleep_in_parallel());
}

Task<void> sleep_through_stops() { co_await shielded(sleep_for_a_day()); }

TEST_P(CrewTest, a_shutdown_gives_up_after_its_limit_and_the_next_one_waits_for_the_rest) {
  Runtime runtime = simulate(GetParam(), 1);
  JoinHandle<void> sleeper = runtime.spawn(sleep_through_stops());
  EXPECT_EQ(runtime.shutdown(Duration(1h)).tasks, 1U);
  EXPECT_FALSE(sleeper.is_done());
  EXPECT_TRUE(runtime.shutdown().clean());
  EXPECT_TRUE(sleeper.is_done());
}

TEST_P(CrewTest, after_a_clean_shutdown_any_thread_may_drop_the_runtime) {
  Runtime runtime = simulate(GetParam(), 1);
  runtime.block_on(sleep_for_a_day());
  EXPECT_TRUE(runtime.shutdown().clean());
  std::thread([dropped = std::move(runtime)] {}).join();
}

Task<void> wait_in_vain(FdWatch& watch) {
  Result<PollEvents> seen = co_await watch.wait(POLLIN);
  EXPECT_FALSE(seen.has_value()) << "it waited for what came in the place of its own";
}

/// The wait is on its way to the home of the watch when that is forgotten, and another one gets its
/// place, on an fd that has something.
Task<void> forget_what_others_wait_for(const Sockets& silent, const Sockets& speaking, int yields) {
  FdWatch watch(silent.near());
  JoinHandle<void> waiting = spawn_on(worker_count() - 1, wait_in_vain(watch));
  for (int i = 0; i < yields; ++i) co_await yield();
  Result<void> forgotten = co_await watch.forget();
  EXPECT_TRUE(forgotten.has_value());
  FdWatch next(speaking.near());
  Result<PollEvents> seen = co_await next.wait(POLLIN);
  EXPECT_TRUE(seen.has_value());
  Joined<void> joined = co_await waiting.join();
  EXPECT_TRUE(joined.has_value());
}

TEST_P(CrewTest, a_close_overtakes_no_operation_that_is_on_its_way) {
  const Sockets silent;
  const Sockets speaking;
  EXPECT_EQ(::write(speaking.far(), "x", 1), 1);
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Runtime runtime = simulate(GetParam(), seed);
    const int yields = static_cast<int>(seed % 4);
    runtime.block_on(forget_what_others_wait_for(silent, speaking, yields));
    EXPECT_TRUE(runtime.shutdown().clean()) << "seed " << seed;
  }
}

/// The defect: between the look at the flag and the reset whoever sets it goes unheard.
struct ForgetfulBell {
  bool rung = false;
  Event bell;
};

Task<void> ring_once(ForgetfulBell& at) {
  co_await yield();
  at.rung = true;
  at.bell.set();
}

Task<bool> hears(ForgetfulBell& at) {
  if (at.rung) co_return true;
  co_await yield();
  at.bell.reset();
  auto heard = co_await timeout(1h, at.bell.wait());
  co_return heard.has_value();
}

Task<bool> ring_and_listen() {
  ForgetfulBell bell;
  auto ringer = spawn(ring_once(bell));
  auto listener = spawn(hears(bell));
  auto rung = co_await ringer.join();
  auto heard = co_await listener.join();
  EXPECT_TRUE(rung.has_value());
  co_return std::move(heard).value();
}

bool is_heard(const Crew& crew, std::uint64_t seed) {
  return simulate(crew, seed).block_on(ring_and_listen());
}

TEST(CrewDefectTest, a_wake_that_a_program_loses_is_found_by_some_seeds_which_find_it_again) {
  constexpr Crew crew{"stealing_2", SchedulerKind::stealing, 2};
  std::uint64_t lost = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const bool heard = is_heard(crew, seed);
    ASSERT_EQ(heard, is_heard(crew, seed)) << "seed " << seed;
    lost += heard ? 0 : 1;
  }
  EXPECT_GT(lost, 0U);
  EXPECT_LT(lost, kSeeds);
}

INSTANTIATE_TEST_SUITE_P(Crews, CrewTest,
                         testing::Values(Crew{"per_core_3", SchedulerKind::per_core, 3},
                                         Crew{"stealing_1", SchedulerKind::stealing, 1},
                                         Crew{"stealing_2", SchedulerKind::stealing, 2},
                                         Crew{"stealing_8", SchedulerKind::stealing, 8}),
                         [](const testing::TestParamInfo<Crew>& crew) {
                           return std::string(crew.param.name);
                         });

}  // namespace
}  // namespace rota::testing_sim
