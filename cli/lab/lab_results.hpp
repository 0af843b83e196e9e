#pragma once

#include "sample.hpp"
#include "setup.hpp"
#include "workload.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rota::cli {

/// One workload under one setup, over all rounds.
struct Cell {
  const Workload* workload = nullptr;
  Setup setup;
  std::vector<Sample> samples;
  bool usable = true;   ///< the setup can be used for it on this machine
  std::string refusal;  ///< why there are no samples, or not all
  std::optional<SyscallCount> syscalls;
  std::string syscalls_refusal;  ///< why they were not counted

  /// The generator limited the rate in at least half of the runs.
  [[nodiscard]] bool generator_bound() const;
  /// Something else had the CPU in at least half of the runs.
  [[nodiscard]] bool disturbed() const;
  /// The page cache had what should have been cold, in at least half of the runs.
  [[nodiscard]] bool warm_after_all() const;
};

/// All that the lab found. Cells of one workload are neighbours, setups in the order of reports.
struct LabResults {
  std::vector<Cell> cells;
  std::vector<std::pair<std::string, std::string>> configuration;  ///< for people, in order
  std::string baseline;   ///< the title of the setup that ratios are to
  std::string cut_short;  ///< why rounds are missing; empty: all were run
  unsigned rounds_planned = 0;
  double seconds_taken = 0;

  /// Something was measured, and no run failed of a cell that can be used.
  [[nodiscard]] bool complete() const;
  /// The cell of the same workload under the baseline, or none.
  [[nodiscard]] const Cell* baseline_of(const Cell& cell) const;
  /// The workloads that have cells, in order.
  [[nodiscard]] std::vector<const Workload*> workloads() const;
  [[nodiscard]] std::vector<const Cell*> cells_of(const Workload& workload) const;
};

/// The median of what rounds gave, and how far apart they were.
struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
};

/// None without values.
std::optional<Spread> spread_of(std::vector<double> values);
std::optional<Spread> spread_of(const Cell& cell, double Sample::* figure);
/// Of the ratios within each round that both cells have: what slows one round down slows both.
std::optional<Spread> ratio_of(const Cell& cell, const Cell& baseline, double Sample::* figure);

}  // namespace rota::cli
