#include "waiting.hpp"

#include "cell_runner.hpp"
#include "cli/load/interrupt.hpp"
#include "configuration.hpp"
#include "progress.hpp"
#include "setup.hpp"

#include <rota/capabilities.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>

namespace rota::cli {
namespace {

std::vector<WaitingCell> make_cells(const WaitingOptions& options) {
  const std::vector<Capability> capabilities = probe_capabilities();
  std::vector<DriverChoice> drivers = options.drivers;
  if (drivers.empty()) drivers.assign(measured_drivers.begin(), measured_drivers.end());
  std::vector<WaitingCell> cells;
  for (const DriverChoice& driver : drivers) {
    const std::string refusal = refusal_of(driver, capabilities);
    for (const WaitingChoice& waiting : waiting_choices) {
      cells.push_back({driver, waiting, {}, refusal, refusal.empty()});
    }
  }
  return cells;
}

/// Each round begins with another cell, so that what the machine does meanwhile hits all alike.
void measure_rounds(const WaitingOptions& options, CellRunner& runner, WaitingResults& results) {
  std::vector<WaitingCell*> cells;
  for (WaitingCell& cell : results.cells) {
    if (cell.usable) cells.push_back(&cell);
  }
  Progress progress(static_cast<unsigned>(cells.size()) * options.rounds);
  for (unsigned round = 0; round < options.rounds && !cells.empty(); ++round) {
    for (WaitingCell* cell : cells) {
      progress.step("round " + std::to_string(round + 1) + " of " + std::to_string(options.rounds) +
                    " · " + std::string(cell->driver.title) + " · " +
                    std::string(cell->waiting.title));
      auto sample = runner.measure_waiting(
          Setup{cell->driver, engine_choices.front(), cell->waiting}, options.spin_us);
      if (interrupted()) {
        results.cut_short = "interrupted";
        return;
      }
      if (sample) {
        cell->samples.push_back(*sample);
      } else {
        cell->refusal = sample.error();
      }
    }
    std::ranges::rotate(cells, cells.begin() + 1);
  }
}

}  // namespace

int run_waiting(const WaitingOptions& options) {
  note_interrupts();
  ::signal(SIGPIPE, SIG_IGN);  // A child that has ended shows in its output, with a reason.
  const Placement placement = Placement::choose();
  CellRunner runner({.seconds = options.seconds, .placement = placement});
  WaitingResults results;
  results.cells = make_cells(options);
  measure_rounds(options, runner, results);
  results.configuration = describe_machine();
  results.configuration.emplace_back("Placement", placement_text(placement));
  results.configuration.emplace_back("Rounds", std::to_string(options.rounds) + ", interleaved");
  results.configuration.emplace_back("Spin", std::to_string(options.spin_us) + " µs at most");
  if (options.format == OutputFormat::json) {
    std::fputs(to_json(results).c_str(), stdout);
  } else {
    print_table(results);
  }
  constexpr int interrupted_status = 128 + SIGINT;
  if (interrupted()) return interrupted_status;
  const auto failed = [](const WaitingCell& cell) { return cell.usable && !cell.refusal.empty(); };
  const auto measured = [](const WaitingCell& cell) { return !cell.samples.empty(); };
  return std::ranges::none_of(results.cells, failed) && std::ranges::any_of(results.cells, measured)
             ? 0
             : 1;
}

}  // namespace rota::cli
