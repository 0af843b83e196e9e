#pragma once

#include <rota/contention.hpp>

#include "cli/doctor.hpp"
#include "lab_results.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rota::cli {

/// `rota lab contention`: measures, and prints a table or the document. The exit status: 0; 1 when
/// it cannot be measured here, or when a layout has no figure.
int run_contention(unsigned rounds, OutputFormat format);

/// Of a layout to the padded one of its structure: of the ratios within each round.
std::optional<Spread> ratio_to_padded(const ContentionReport& report, const ContentionCase& layout);

std::string to_json(const ContentionReport& report,
                    const std::vector<std::pair<std::string, std::string>>& configuration);

}  // namespace rota::cli
