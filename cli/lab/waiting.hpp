#pragma once

#include "cli/doctor.hpp"
#include "cli/driver_choice.hpp"
#include "cli/waiting_choice.hpp"
#include "lab_results.hpp"
#include "sample.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rota::cli {

/// What `rota lab waiting` shall measure.
struct WaitingOptions {
  std::vector<DriverChoice> drivers;  ///< empty: all that this machine has
  unsigned rounds = 5;                ///< in each, every cell runs once
  double seconds = 0.5;               ///< of talk, and as long of idleness
  std::uint32_t spin_us = 50;
  OutputFormat format = OutputFormat::text;
};

/// One driver with one way of waiting, over all rounds.
struct WaitingCell {
  DriverChoice driver;
  WaitingChoice waiting;
  std::vector<WaitingSample> samples;
  std::string refusal;  ///< why there are no samples, or not all
  bool usable = true;   ///< the driver can be used on this machine
};

/// The cells of one driver are neighbours.
struct WaitingResults {
  std::vector<WaitingCell> cells;
  std::vector<std::pair<std::string, std::string>> configuration;
  std::string cut_short;  ///< why rounds are missing; empty: all were run
};

/// Measures, and prints a table or the document. The exit status: 0; 1 when a cell failed that
/// this machine can run, or nothing could be measured; 130 after Ctrl-C, with what there is.
int run_waiting(const WaitingOptions& options);

void print_table(const WaitingResults& results);
std::string to_json(const WaitingResults& results);

}  // namespace rota::cli
