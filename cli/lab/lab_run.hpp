#pragma once

#include "cell_runner.hpp"
#include "lab_options.hpp"
#include "lab_results.hpp"
#include "progress.hpp"

#include <rota/capabilities.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace rota::cli {

/// The plan of one lab and its execution: round by round, every driver once per workload and
/// round, the first one of each round another one, so that no driver always runs on a machine in
/// the same mood. System calls are counted once, in front.
class LabRun {
 public:
  /// `runner` must outlive it.
  LabRun(const LabOptions& options, CellRunner& runner);

  LabResults run();

 private:
  void add_cells(const Workload& workload, const std::vector<Capability>& capabilities);
  void count_system_calls(Progress& progress);
  void run_round(unsigned round, Progress& progress);
  void measure(Cell& cell, unsigned round, Progress& progress);
  /// Notes why the lab ends before its plan does.
  [[nodiscard]] bool must_end();
  [[nodiscard]] std::size_t runnable_cells() const;

  const LabOptions& options_;
  CellRunner& runner_;
  std::uint64_t started_ns_;
  LabResults results_;
};

/// Why a driver cannot be used here; empty: it can.
std::string refusal_of(const DriverChoice& driver, const std::vector<Capability>& capabilities);

/// The workloads that `only` names.
std::vector<const Workload*> selected_workloads(const std::string& only);

}  // namespace rota::cli
