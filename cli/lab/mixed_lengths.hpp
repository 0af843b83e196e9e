#pragma once

#include <rota/config.hpp>
#include <rota/lengths.hpp>

#include "cli/load/latency_histogram.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace rota::cli {

/// Tasks of one length, and how many of ten thousand are.
struct TaskLength {
  const char* name;
  std::int64_t run_ns;
  unsigned per_10000;
};

/// Most are short, and most of the time goes to long ones: what a queue must cope with.
inline constexpr std::array<TaskLength, 3> task_lengths_mixed{
    {{"short", 2'000, 9790}, {"medium", 50'000, 200}, {"long", 5'000'000, 10}}};

/// When which task comes: gaps are exponential, as where many independent callers ask, and so
/// long that all tasks together keep one CPU busy for 60 %. The same seed, the same plan.
struct ArrivalPlan {
  struct Arrival {
    std::int64_t due_ns;  ///< from the begin
    std::uint8_t length;  ///< which of the three
  };
  static ArrivalPlan make(double seconds, std::uint64_t seed);

  std::vector<Arrival> arrivals;
  std::int64_t work_ns = 0;  ///< of all tasks
};

/// A way to queue them.
struct Discipline {
  const char* name;
  SchedulerConfig scheduler;
};

/// What came of it, in all rounds together.
struct DisciplineFigures {
  /// From when a task was spawned until it ran, by length.
  std::array<LatencyHistogram, task_lengths_mixed.size()> delay_ns;
  std::uint64_t cpu_ns = 0;   ///< of the whole process but the thread that spawns
  std::uint64_t work_ns = 0;  ///< what the tasks asked for
  std::uint64_t tasks = 0;
  std::uint64_t thefts = 0;
  TaskLengths lengths;  ///< what the runtime of the last round says itself
};

/// Runs the plan once under the discipline and adds to its figures. The error says why not.
[[nodiscard]] std::expected<void, std::string> run_mixed_lengths(const ArrivalPlan& plan,
                                                                 const Discipline& discipline,
                                                                 DisciplineFigures& figures);

}  // namespace rota::cli
