#pragma once

#include "lab_results.hpp"

#include <string>
#include <vector>

namespace rota::cli {

/// Throughput against p99 of one workload as inline SVG: a mark per measured setup, the further
/// right and down the better. Empty where nothing waits, or nothing was measured.
std::string throughput_chart(const std::vector<const Cell*>& cells, const std::string& baseline);

}  // namespace rota::cli
