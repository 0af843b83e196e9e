#include "task/suite.hpp"

#include "task/ledger.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

namespace rota::testing_tasks {
namespace {

enum class TaskKind : unsigned char { coroutine, fiber };

struct Driven {
  DriverKind kind;
  const char* name;
};

constexpr std::array kDrivers{Driven{DriverKind::epoll, "epoll"},
                              Driven{DriverKind::poll, "poll"},
                              Driven{DriverKind::select, "select"},
                              Driven{DriverKind::io_uring, "io_uring"},
                              Driven{DriverKind::sim, "sim"}};

class ScenarioTest : public testing::Test {
 public:
  ScenarioTest(Scenario scenario, DriverKind driver, TaskKind task)
      : scenario_(scenario), driver_(driver), task_(task) {}

  void TestBody() override {
    const Ledger before = Ledger::now();
    run();
    EXPECT_EQ(Ledger::now(), before);
  }

 private:
  void run() {
    Config config;
    config.driver.kind = driver_;
    Result<Runtime> runtime = Runtime::make(config);
    if (!runtime) GTEST_SKIP() << "no such driver here: " << runtime.error().message();
    const World world{.runtime = *runtime, .driver = driver_};
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
  DriverKind driver_;
  TaskKind task_;
};

}  // namespace

void Suite::register_tests() const {
  for (const Driven& driver : kDrivers) {
    for (const auto& [task, task_name] :
         {std::pair{TaskKind::coroutine, "coroutine"}, std::pair{TaskKind::fiber, "fiber"}}) {
      const std::string suite_name = std::string(driver.name) + "_" + task_name;
      for (const Scenario& scenario : scenarios_) {
        testing::RegisterTest(
            suite_name.c_str(), scenario.name, nullptr, nullptr, __FILE__, __LINE__,
            [scenario, driver, task]() -> ScenarioTest* {
              return new ScenarioTest(scenario, driver.kind, task);
            });
      }
    }
  }
}

}  // namespace rota::testing_tasks
