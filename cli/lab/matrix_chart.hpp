#pragma once

#include "lab_results.hpp"

#include <string>

namespace rota::cli {

/// The whole lab in one picture of inline SVG: a row per setup, a column per workload, and in each
/// cell the cost as a ratio to the baseline's, or a number that stands for why there is none. The
/// baseline's own row has the costs.
std::string matrix_chart(const LabResults& results);

}  // namespace rota::cli
