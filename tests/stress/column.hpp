#pragma once

#include <rota/config.hpp>
#include <rota/core/platform.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace rota::testing_stress {

enum class TaskKind : std::uint8_t { coroutine, fiber };

/// What a stress test runs on.
struct Column {
  const char* driver;
  DriverKind kind;
  std::uint32_t workers;
  TaskKind task;
  RingProfile ring = RingProfile::movable;

  [[nodiscard]] Config config() const {
    Config config;
    config.driver.kind = kind;
    config.driver.ring = ring;
    config.scheduler.kind = SchedulerKind::stealing;
    config.scheduler.workers = workers;
    return config;
  }
  [[nodiscard]] std::string name() const {
    return std::string(driver) + "_" + std::to_string(workers) +
           (task == TaskKind::fiber ? "_fibers" : "_coroutines");
  }
};

inline void PrintTo(const Column& column, std::ostream* out) { *out << column.name(); }

inline std::string name_of(const testing::TestParamInfo<Column>& column) {
  return column.param.name();
}

/// More workers than any machine of ours has cores, so that the kernel interrupts them anywhere.
inline std::vector<Column> columns() {
  std::vector<Column> all;
  for (const std::uint32_t workers : {2U, 8U, 16U}) {
    for (const TaskKind task : {TaskKind::coroutine, TaskKind::fiber}) {
      all.push_back({"epoll", DriverKind::epoll, workers, task});
      all.push_back({"io_uring", DriverKind::io_uring, workers, task});
    }
  }
  // Of these one number: the kernel takes 30 ms to end a context of Linux aio, and a submitter a
  // CPU from everybody else.
  for (const TaskKind task : {TaskKind::coroutine, TaskKind::fiber}) {
    all.push_back({"linux_aio", DriverKind::linux_aio, 8, task});
    all.push_back({"io_uring_sqpoll", DriverKind::io_uring, 8, task, RingProfile::sqpoll});
  }
  return all;
}

/// Instrumented builds repeat less: each round costs them ten times as much.
[[nodiscard]] constexpr std::size_t rounds(std::size_t plain) noexcept {
  return address_sanitizer || thread_sanitizer ? (plain + 9) / 10 : plain;
}

}  // namespace rota::testing_stress
