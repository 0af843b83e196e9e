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

/// The plan of one lab and its execution: round by round, every setup once per workload and
/// round, the first one of each round another one, so that no driver always runs on a machine in
/// the same mood. System calls are counted once, in front.
class LabRun {
 public:
  /// `runner` must outlive it.
  LabRun(const LabOptions& options, CellRunner& runner);

  LabResults run();

 private:
  void add_cells(const Workload& workload, const std::vector<Capability>& capabilities);
  [[nodiscard]] std::string baseline_title() const;
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

}  // namespace rota::cli
