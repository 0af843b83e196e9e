#pragma once

#include "faults.hpp"
#include "slow_file.hpp"

namespace rota::cli {

/// Runs the rounds of one driver: two workers that steal, a task that waits for a byte of a socket
/// on one of them, and another that touches a slow page on the same one. The byte comes while the
/// fault lasts. Adds to `result`, or sets its refusal alone; ends early when the user interrupts.
void run_fault_rounds(const FaultsOptions& options, SlowFile& file, FaultsResult& result);

}  // namespace rota::cli
