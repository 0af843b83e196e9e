#pragma once

#include "cli/doctor.hpp"
#include "cli/driver_choice.hpp"
#include "lab_results.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rota::cli {

struct FaultsOptions {
  unsigned rounds = 20;
  std::uint64_t stall_ms = 50;
  OutputFormat format = OutputFormat::text;
};

/// What came of one driver.
struct FaultsResult {
  DriverChoice driver;
  std::string refusal;           ///< why it was not measured; empty: it was
  std::vector<double> late_ns;   ///< one for each round: how late a task heard of its byte
  std::vector<double> stall_ns;  ///< and how long the fault was
};

/// `rota lab faults`: what a page fault of one task does to the I/O of the others of its worker.
/// The exit status: 0, or 1 when it cannot be measured here.
int run_faults(const FaultsOptions& options);

/// What is to be seen in the figures, in sentences.
std::vector<std::string> faults_in_words(const FaultsOptions& options);

std::string faults_json(const std::vector<FaultsResult>& results,
                        const std::vector<std::pair<std::string, std::string>>& configuration);

}  // namespace rota::cli
