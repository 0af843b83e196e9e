#pragma once

#include "task/ledger.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

namespace rota::testing_tasks {

/// The workers that a test of forks runs on.
struct Workers {
  const char* name;
  SchedulerKind kind;
  std::uint32_t count;
};

/// Forking functions on every scheduler; each test gives all frames back.
class ForkTest : public testing::TestWithParam<Workers> {
 protected:
  void SetUp() override { before_ = Ledger::now(); }
  void TearDown() override { EXPECT_EQ(Ledger::now(), before_); }

  static bool steals() { return GetParam().kind == SchedulerKind::stealing; }
  static bool has_thieves() { return steals() && GetParam().count > 1; }

  /// On a runtime of its own.
  template <class T>
  static T run(Task<T> task) {
    Config config;
    config.driver.kind = DriverKind::epoll;
    config.scheduler.kind = GetParam().kind;
    config.scheduler.workers = GetParam().count;
    Runtime runtime = Runtime::make(config).value();
    return runtime.block_on(std::move(task));
  }

 private:
  Ledger before_;
};

/// Those of which several functions run at once.
class ForkBesideThievesTest : public ForkTest {};

}  // namespace rota::testing_tasks
