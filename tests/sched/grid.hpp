#pragma once

#include "task/ledger.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace rota::testing_sched {

/// A runtime of several workers.
struct Cell {
  const char* name;
  DriverKind driver;
  SchedulerKind scheduler;
  std::uint32_t workers;

  [[nodiscard]] Config config() const {
    Config config;
    config.driver.kind = driver;
    config.scheduler.kind = scheduler;
    config.scheduler.workers = workers;
    return config;
  }
  [[nodiscard]] bool moves_tasks() const { return scheduler == SchedulerKind::stealing; }
};

inline constexpr std::array kPerCoreCells{
    Cell{"epoll_per_core_2", DriverKind::epoll, SchedulerKind::per_core, 2},
    Cell{"io_uring_per_core_2", DriverKind::io_uring, SchedulerKind::per_core, 2},
    Cell{"poll_per_core_2", DriverKind::poll, SchedulerKind::per_core, 2},
    Cell{"select_per_core_2", DriverKind::select, SchedulerKind::per_core, 2},
    Cell{"linux_aio_per_core_2", DriverKind::linux_aio, SchedulerKind::per_core, 2},
    Cell{"epoll_per_core_4", DriverKind::epoll, SchedulerKind::per_core, 4},
    Cell{"io_uring_per_core_4", DriverKind::io_uring, SchedulerKind::per_core, 4}};
inline constexpr std::array kStealingCells{
    Cell{"epoll_stealing_2", DriverKind::epoll, SchedulerKind::stealing, 2},
    Cell{"io_uring_stealing_2", DriverKind::io_uring, SchedulerKind::stealing, 2},
    Cell{"poll_stealing_2", DriverKind::poll, SchedulerKind::stealing, 2},
    Cell{"select_stealing_2", DriverKind::select, SchedulerKind::stealing, 2},
    Cell{"linux_aio_stealing_2", DriverKind::linux_aio, SchedulerKind::stealing, 2}};

[[nodiscard]] inline std::string name_of_cell(const testing::TestParamInfo<Cell>& cell) {
  return cell.param.name;
}

/// Runs tasks on the runtime of a cell, which is shut down after each test and leaves nothing.
class GridTest : public testing::TestWithParam<Cell> {
 protected:
  void SetUp() override {
    before_ = testing_tasks::Ledger::now();
    Result<Runtime> made = Runtime::make(GetParam().config());
    if (!made) GTEST_SKIP() << "no such driver here: " << made.error().message();
    runtime_.emplace(std::move(*made));
  }
  void TearDown() override {
    if (!runtime_.has_value()) return;
    EXPECT_TRUE(runtime_->shutdown().clean());
    runtime_.reset();
    EXPECT_EQ(testing_tasks::Ledger::now(), before_);
  }

  [[nodiscard]] Runtime& runtime() { return *runtime_; }

 private:
  testing_tasks::Ledger before_;
  std::optional<Runtime> runtime_;
};

}  // namespace rota::testing_sched
