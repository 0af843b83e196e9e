#include "lab_run.hpp"

#include "cli/load/interrupt.hpp"
#include "cli/load/monotonic.hpp"
#include "selection.hpp"

#include <rota/capabilities.hpp>

#include <algorithm>
#include <string_view>

namespace rota::cli {
namespace {

constexpr std::string_view usual_baseline = "epoll";

/// A cell that failed in its first round is not tried again; one that failed later is.
bool runnable(const Cell& cell) { return cell.refusal.empty() || !cell.samples.empty(); }

}  // namespace

LabRun::LabRun(const LabOptions& options, CellRunner& runner)
    : options_(options), runner_(runner), started_ns_(monotonic_ns()) {
  const std::vector<Capability> capabilities = probe_capabilities();
  for (const Workload* workload : selected_workloads(options.only)) {
    add_cells(*workload, capabilities);
  }
  results_.rounds_planned = options.rounds;
  results_.baseline = baseline_title();
}

std::string LabRun::baseline_title() const {
  std::string first;
  for (const Cell& cell : results_.cells) {
    const std::string name = cell.setup.name();
    if (!options_.baseline.empty()) {
      if (name == options_.baseline) return cell.setup.title();
    } else if (runnable(cell)) {
      if (name == usual_baseline) return cell.setup.title();
      if (first.empty()) first = cell.setup.title();
    }
  }
  return first;
}

void LabRun::add_cells(const Workload& workload, const std::vector<Capability>& capabilities) {
  for (const Setup& setup : options_.setups) {
    Cell cell;
    cell.workload = &workload;
    cell.setup = setup;
    cell.refusal = refusal_of(setup, workload, capabilities);
    if (cell.refusal.empty() && workload.kind == WorkloadKind::idle) {
      cell.refusal = refusal_of(setup.driver, options_.idle_connections);
    }
    cell.usable = cell.refusal.empty();
    results_.cells.push_back(std::move(cell));
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
    if (!runnable(cell) || cell.workload->counted == 0) continue;
    if (must_end()) return;
    progress.step("system calls · " + std::string(cell.workload->title) + " · " +
                  cell.setup.title());
    auto counted = runner_.count(*cell.workload, cell.setup);
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
                " · " + std::string(cell.workload->title) + " · " + cell.setup.title());
  auto sample = runner_.measure(*cell.workload, cell.setup);
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
