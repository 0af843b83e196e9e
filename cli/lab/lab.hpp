#pragma once

#include "lab_options.hpp"

namespace rota::cli {

/// `rota lab`: measures the workloads under every driver, prints the table, writes the reports.
/// Returns the exit status: 0; 1 when a cell failed that this machine can run, when nothing could
/// be measured, or when a report could not be written; 130 after Ctrl-C, with what was measured
/// until then.
int run_lab(const LabOptions& options);

}  // namespace rota::cli
