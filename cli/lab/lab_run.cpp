#include "lab_run.hpp"

#include "cli/load/interrupt.hpp"
#include "cli/load/monotonic.hpp"

#include <rota/capabilities.hpp>

#include <algorithm>
#include <string_view>

namespace rota::cli {
namespace {

constexpr std::string_view usual_baseline = "epoll";

/// A cell that failed in its first round is not tried again; one that failed later is.
bool runnable(const Cell& cell) { return cell.refusal.empty() || !cell.samples.empty(); }

}  // namespace

std::string refusal_of(const DriverChoice& driver, const std::vector<Capability>& capabilities) {
  for (const Capability& capability : capabilities) {
    if (capability.group != "driver" || capability.name != driver.mechanism) continue;
    if (capability.available == Availability::no) return capability.detail;
  }
  return {};
}

std::vector<const Workload*> selected_workloads(const std::string& only) {
  std::vector<const Workload*> selected;
  for (const Workload& workload : workloads) {
    if (only.empty() || only == workload.name || only == workload.family) {
      selected.push_back(&workload);
    }
  }
  return selected;
}

LabRun::LabRun(const LabOptions& options, CellRunner& runner)
    : options_(options), runner_(runner), started_ns_(monotonic_ns()) {
  const std::vector<Capability> capabilities = probe_capabilities();
  for (const Workload* workload : selected_workloads(options.only)) {
    add_cells(*workload, capabilities);
  }
  results_.rounds_planned = options.rounds;
  for (const Cell& cell : results_.cells) {
    if (runnable(cell) && (results_.baseline.empty() || cell.driver.title == usual_baseline)) {
      results_.baseline = cell.driver.title;
    }
  }
}

void LabRun::add_cells(const Workload& workload, const std::vector<Capability>& capabilities) {
  const auto add = [&](const DriverChoice& driver) {
    Cell cell;
    cell.workload = &workload;
    cell.driver = driver;
    cell.refusal = refusal_of(driver, capabilities);
    cell.usable = cell.refusal.empty();
    results_.cells.push_back(std::move(cell));
  };
  if (options_.drivers.empty()) {
    for (const DriverChoice& driver : measured_drivers) add(driver);
  } else {
    for (const DriverChoice& driver : options_.drivers) add(driver);
  }
}

std::size_t LabRun::runnable_cells() const {
  return static_cast<std::size_t>(std::ranges::count_if(results_.cells, runnable));
}

LabResults LabRun::run() {
  {
    Progress progress(static_cast<unsigned>(runnable_cells()) * (options_.rounds + 1));
    count_system_calls(progress);
    for (unsigned round = 0; round < options_.rounds; ++round) run_round(round, progress);
  }
  results_.seconds_taken = static_cast<double>(monotonic_ns() - started_ns_) / ns_per_s;
  return std::move(results_);
}

void LabRun::count_system_calls(Progress& progress) {
  for (Cell& cell : results_.cells) {
    if (!runnable(cell)) continue;
    if (must_end()) return;
    progress.step("system calls · " + std::string(cell.workload->title) + " · " +
                  std::string(cell.driver.title));
    auto counted = runner_.count(*cell.workload, cell.driver);
    if (counted) {
      cell.syscalls = *counted;
    } else {
      cell.syscalls_refusal = counted.error();
    }
  }
}

void LabRun::run_round(unsigned round, Progress& progress) {
  for (const Workload* workload : results_.workloads()) {
    std::vector<Cell*> cells;
    for (Cell& cell : results_.cells) {
      if (cell.workload == workload) cells.push_back(&cell);
    }
    std::ranges::rotate(cells, cells.begin() + round % static_cast<unsigned>(cells.size()));
    for (Cell* cell : cells) {
      if (!runnable(*cell)) continue;
      if (must_end()) return;
      measure(*cell, round, progress);
    }
  }
}

void LabRun::measure(Cell& cell, unsigned round, Progress& progress) {
  progress.step("round " + std::to_string(round + 1) + " of " + std::to_string(options_.rounds) +
                " · " + std::string(cell.workload->title) + " · " + std::string(cell.driver.title));
  auto sample = runner_.measure(*cell.workload, cell.driver);
  if (sample) {
    sample->round = round;
    cell.samples.push_back(*sample);
  } else if (!interrupted()) {
    cell.refusal = sample.error();
  }
}

bool LabRun::must_end() {
  if (interrupted()) {
    results_.cut_short = "interrupted";
    return true;
  }
  const double taken_s = static_cast<double>(monotonic_ns() - started_ns_) / ns_per_s;
  if (taken_s < options_.limit_s) return false;
  results_.cut_short = "out of time";
  return true;
}

}  // namespace rota::cli
