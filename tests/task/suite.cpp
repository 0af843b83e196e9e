// The columns in which every scenario runs. Continuous integration runs `kDrivers`, which has every
// pair of a driver, a scheduler's workers and a way to wait. The whole product of them is a
// campaign, `task_scenarios --whole-matrix`: it counts its cells and fails when one of them does.

#include "task/suite.hpp"

#include "task/ledger.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace rota::testing_tasks {
namespace {

enum class TaskKind : unsigned char { coroutine, fiber };

struct Driven {
  const char* name;
  DriverKind kind;
  RingProfile ring = RingProfile::best;
  bool small = false;  ///< queues that most scenarios fill
  SchedulerKind scheduler = SchedulerKind::single;
  std::uint32_t workers = 1;
  Waiting waiting = Waiting::block;

  [[nodiscard]] Config config() const {
    constexpr std::uint32_t kSmallRing = 8;
    // Long enough to be seen by what comes soon, and to end before what comes late.
    constexpr std::uint32_t kSpinUs = 30;
    Config config;
    config.driver.kind = kind;
    config.driver.ring = ring;
    config.driver.sqpoll_idle_ms = 1;  // The kernel's thread of none is to outlast its scenario.
    if (const char* seed = std::getenv("ROTA_SEED")) {
      config.driver.seed = std::strtoull(seed, nullptr, 10);
    }
    config.scheduler.kind = scheduler;
    config.scheduler.workers = workers;
    config.scheduler.waiting = waiting;
    config.scheduler.spin_us = kSpinUs;
    if (small) {
      config.driver.ring_entries = kSmallRing;
      config.driver.completion_entries = 2 * kSmallRing;
    }
    return config;
  }
};

constexpr std::array kDrivers{
    Driven{.name = "epoll", .kind = DriverKind::epoll},
    Driven{.name = "poll", .kind = DriverKind::poll},
    Driven{.name = "select", .kind = DriverKind::select},
    Driven{.name = "io_uring", .kind = DriverKind::io_uring, .ring = RingProfile::pinned},
    Driven{.name = "io_uring_movable", .kind = DriverKind::io_uring, .ring = RingProfile::movable},
    Driven{.name = "io_uring_sqpoll", .kind = DriverKind::io_uring, .ring = RingProfile::sqpoll},
    Driven{.name = "io_uring_small", .kind = DriverKind::io_uring, .small = true},
    Driven{.name = "linux_aio", .kind = DriverKind::linux_aio},
    Driven{.name = "sim", .kind = DriverKind::sim},
    Driven{.name = "sim_per_core_2",
           .kind = DriverKind::sim,
           .scheduler = SchedulerKind::per_core,
           .workers = 2},
    Driven{.name = "sim_stealing_2",
           .kind = DriverKind::sim,
           .scheduler = SchedulerKind::stealing,
           .workers = 2},
    Driven{.name = "sim_stealing_8",
           .kind = DriverKind::sim,
           .scheduler = SchedulerKind::stealing,
           .workers = 8},
    Driven{.name = "epoll_per_core_2",
           .kind = DriverKind::epoll,
           .scheduler = SchedulerKind::per_core,
           .workers = 2},
    Driven{.name = "epoll_stealing_1",
           .kind = DriverKind::epoll,
           .scheduler = SchedulerKind::stealing,
           .workers = 1},
    Driven{.name = "epoll_stealing_2",
           .kind = DriverKind::epoll,
           .scheduler = SchedulerKind::stealing,
           .workers = 2},
    Driven{.name = "epoll_stealing_8",
           .kind = DriverKind::epoll,
           .scheduler = SchedulerKind::stealing,
           .workers = 8},
    Driven{.name = "io_uring_per_core_2",
           .kind = DriverKind::io_uring,
           .scheduler = SchedulerKind::per_core,
           .workers = 2},
    Driven{.name = "io_uring_stealing_2",
           .kind = DriverKind::io_uring,
           .scheduler = SchedulerKind::stealing,
           .workers = 2},
    Driven{.name = "io_uring_stealing_8",
           .kind = DriverKind::io_uring,
           .scheduler = SchedulerKind::stealing,
           .workers = 8},
    Driven{.name = "poll_stealing_8",
           .kind = DriverKind::poll,
           .scheduler = SchedulerKind::stealing,
           .workers = 8},
    Driven{.name = "select_stealing_2",
           .kind = DriverKind::select,
           .scheduler = SchedulerKind::stealing,
           .workers = 2},
    Driven{.name = "linux_aio_stealing_2",
           .kind = DriverKind::linux_aio,
           .scheduler = SchedulerKind::stealing,
           .workers = 2},
    Driven{.name = "linux_aio_per_core_2_spin",
           .kind = DriverKind::linux_aio,
           .scheduler = SchedulerKind::per_core,
           .workers = 2,
           .waiting = Waiting::spin_then_block},
    Driven{.name = "linux_aio_stealing_1_busy_poll",
           .kind = DriverKind::linux_aio,
           .scheduler = SchedulerKind::stealing,
           .workers = 1,
           .waiting = Waiting::busy_poll},
    Driven{.name = "linux_aio_stealing_8",
           .kind = DriverKind::linux_aio,
           .scheduler = SchedulerKind::stealing,
           .workers = 8},
    Driven{.name = "epoll_spin", .kind = DriverKind::epoll, .waiting = Waiting::spin_then_block},
    Driven{.name = "io_uring_busy_poll",
           .kind = DriverKind::io_uring,
           .waiting = Waiting::busy_poll},
    Driven{.name = "poll_busy_poll", .kind = DriverKind::poll, .waiting = Waiting::busy_poll},
    Driven{.name = "io_uring_per_core_2_busy_poll",
           .kind = DriverKind::io_uring,
           .scheduler = SchedulerKind::per_core,
           .workers = 2,
           .waiting = Waiting::busy_poll},
    Driven{.name = "epoll_stealing_2_spin",
           .kind = DriverKind::epoll,
           .scheduler = SchedulerKind::stealing,
           .workers = 2,
           .waiting = Waiting::spin_then_block},
    Driven{.name = "io_uring_stealing_2_busy_poll",
           .kind = DriverKind::io_uring,
           .scheduler = SchedulerKind::stealing,
           .workers = 2,
           .waiting = Waiting::busy_poll},
    Driven{.name = "io_uring_stealing_1",
           .kind = DriverKind::io_uring,
           .scheduler = SchedulerKind::stealing,
           .workers = 1},
    Driven{.name = "sim_stealing_1",
           .kind = DriverKind::sim,
           .scheduler = SchedulerKind::stealing,
           .workers = 1},
    Driven{.name = "poll_stealing_2",
           .kind = DriverKind::poll,
           .scheduler = SchedulerKind::stealing,
           .workers = 2},
    Driven{.name = "select_per_core_2",
           .kind = DriverKind::select,
           .scheduler = SchedulerKind::per_core,
           .workers = 2},
    Driven{.name = "poll_per_core_2_spin",
           .kind = DriverKind::poll,
           .scheduler = SchedulerKind::per_core,
           .workers = 2,
           .waiting = Waiting::spin_then_block},
    Driven{.name = "poll_stealing_1_busy_poll",
           .kind = DriverKind::poll,
           .scheduler = SchedulerKind::stealing,
           .workers = 1,
           .waiting = Waiting::busy_poll},
    Driven{.name = "select_stealing_1_spin",
           .kind = DriverKind::select,
           .scheduler = SchedulerKind::stealing,
           .workers = 1,
           .waiting = Waiting::spin_then_block},
    Driven{.name = "select_stealing_8_busy_poll",
           .kind = DriverKind::select,
           .scheduler = SchedulerKind::stealing,
           .workers = 8,
           .waiting = Waiting::busy_poll},
    Driven{.name = "epoll_stealing_8_busy_poll",
           .kind = DriverKind::epoll,
           .scheduler = SchedulerKind::stealing,
           .workers = 8,
           .waiting = Waiting::busy_poll},
    Driven{.name = "io_uring_stealing_8_spin",
           .kind = DriverKind::io_uring,
           .scheduler = SchedulerKind::stealing,
           .workers = 8,
           .waiting = Waiting::spin_then_block}};

/// What the whole matrix multiplies. A cell that cannot run says why.
struct Mechanism {
  const char* name;
  DriverKind kind;
  RingProfile ring = RingProfile::best;
  bool small = false;
};
struct Workers {
  const char* name;
  SchedulerKind scheduler;
  std::uint32_t count;
};
struct Idle {
  const char* name;
  Waiting waiting;
};

constexpr std::array kMechanisms{
    Mechanism{"epoll", DriverKind::epoll},
    Mechanism{"poll", DriverKind::poll},
    Mechanism{"select", DriverKind::select},
    Mechanism{"io_uring", DriverKind::io_uring, RingProfile::pinned},
    Mechanism{"io_uring_movable", DriverKind::io_uring, RingProfile::movable},
    Mechanism{"io_uring_sqpoll", DriverKind::io_uring, RingProfile::sqpoll},
    Mechanism{"io_uring_small", DriverKind::io_uring, RingProfile::best, true},
    Mechanism{"linux_aio", DriverKind::linux_aio},
    Mechanism{"sim", DriverKind::sim},
    Mechanism{"best", DriverKind::best}};
constexpr std::array kWorkers{Workers{"single", SchedulerKind::single, 1},
                              Workers{"per_core_2", SchedulerKind::per_core, 2},
                              Workers{"stealing_1", SchedulerKind::stealing, 1},
                              Workers{"stealing_2", SchedulerKind::stealing, 2},
                              Workers{"stealing_8", SchedulerKind::stealing, 8}};
constexpr std::array kIdle{Idle{"block", Waiting::block}, Idle{"spin", Waiting::spin_then_block},
                           Idle{"busy_poll", Waiting::busy_poll}};

struct Column {
  std::string name;
  Driven driven;
};

/// Whether some column has both: a driver and the workers, one of these and a way to wait.
template <class Matches>
void expect_column(const std::string& pair, Matches&& matches) {
  if (std::ranges::any_of(kDrivers, matches)) return;
  std::cerr << "no column of the scenarios has " << pair << "\n";
  std::exit(1);
}

void expect_every_pair() {
  const auto is_other = [](const Mechanism& driver) { return driver.kind == DriverKind::best; };
  for (const Workers& workers : kWorkers) {
    const auto has = [&](const Driven& column) {
      return column.scheduler == workers.scheduler && column.workers == workers.count;
    };
    for (const Mechanism& driver : kMechanisms) {
      if (is_other(driver)) continue;
      expect_column(std::string(driver.name) + " with " + workers.name, [&](const Driven& column) {
        return has(column) && column.kind == driver.kind;
      });
    }
    for (const Idle& idle : kIdle) {
      expect_column(std::string(workers.name) + " with " + idle.name, [&](const Driven& column) {
        return has(column) && column.waiting == idle.waiting;
      });
    }
  }
  for (const Mechanism& driver : kMechanisms) {
    if (driver.kind == DriverKind::sim || is_other(driver)) continue;  // sim blocks in each.
    for (const Idle& idle : kIdle) {
      expect_column(std::string(driver.name) + " with " + idle.name, [&](const Driven& column) {
        return column.kind == driver.kind && column.waiting == idle.waiting;
      });
    }
  }
}

std::vector<Column> pairwise_columns() {
  expect_every_pair();
  std::vector<Column> columns;
  for (const Driven& driven : kDrivers) columns.push_back({driven.name, driven});
  return columns;
}

std::vector<Column> whole_matrix() {
  std::vector<Column> columns;
  for (const Mechanism& driver : kMechanisms) {
    for (const Workers& workers : kWorkers) {
      for (const Idle& idle : kIdle) {
        const Driven driven{.name = driver.name,
                            .kind = driver.kind,
                            .ring = driver.ring,
                            .small = driver.small,
                            .scheduler = workers.scheduler,
                            .workers = workers.count,
                            .waiting = idle.waiting};
        columns.push_back(
            {std::string(driver.name) + "_" + workers.name + "_" + idle.name, driven});
      }
    }
  }
  return columns;
}

class ScenarioTest : public testing::Test {
 public:
  ScenarioTest(Scenario scenario, const Driven& driver, TaskKind task)
      : scenario_(scenario), driver_(driver), task_(task) {}

  void TestBody() override {
    const Ledger before = Ledger::now();
    run();
    EXPECT_EQ(Ledger::now(), before);
  }

 private:
  void run() {
    const Config config = driver_.config();
    if (scenario_.order == RunOrder::queue && driver_.scheduler == SchedulerKind::stealing) {
      GTEST_SKIP() << "it takes for granted that tasks run in turn: here they run in parallel";
    }
    Result<Runtime> runtime = Runtime::make(config);
    if (!runtime) GTEST_SKIP() << "no such driver here: " << runtime.error().message();
    const World world{.runtime = *runtime, .config = config, .driver = driver_.kind};
    if (task_ == TaskKind::coroutine) {
      runtime->block_on(scenario_.coroutine(world));
    } else {
      runtime->block_on(as_task(scenario_.fiber(world)));
    }
    EXPECT_TRUE(runtime->shutdown().clean());
    EXPECT_EQ(runtime->counters().timers_live, 0u);
    EXPECT_EQ(runtime->counters().operations_live, 0u);
    EXPECT_EQ(runtime->counters().descriptors_live, 0u);
  }

  Scenario scenario_;
  Driven driver_;
  TaskKind task_;
};

}  // namespace

void skip_here(std::string_view reason) { GTEST_SKIP() << reason; }

void Suite::register_tests(Matrix matrix) const {
  for (const Column& column : matrix == Matrix::whole ? whole_matrix() : pairwise_columns()) {
    const Driven driver = column.driven;
    for (const auto& [task, task_name] :
         {std::pair{TaskKind::coroutine, "coroutine"}, std::pair{TaskKind::fiber, "fiber"}}) {
      const std::string suite_name = column.name + "_" + task_name;
      for (const Scenario& scenario : scenarios_) {
        testing::RegisterTest(suite_name.c_str(), scenario.name, nullptr, nullptr, __FILE__,
                              __LINE__, [scenario, driver, task]() -> ScenarioTest* {
                                return new ScenarioTest(scenario, driver, task);
                              });
      }
    }
  }
}

}  // namespace rota::testing_tasks
