#pragma once

#include "lab_results.hpp"

#include <string>
#include <vector>

namespace rota::cli {

// Pictures of one workload as inline SVG, one row per measured setup. Colours are the page's
// custom properties, so that a picture follows light and dark.

/// Bars from zero: the median of the cost, with a whisker from the least to the most.
std::string cost_chart(const std::vector<const Cell*>& cells);
/// A logarithmic axis: p50, p99 and p99.9 of each setup on one line. Empty without latencies.
std::string latency_chart(const std::vector<const Cell*>& cells);

}  // namespace rota::cli
