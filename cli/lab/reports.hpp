#pragma once

#include "lab_results.hpp"

#include <string>

namespace rota::cli {

// The same numbers three times: for the terminal, for programs, for a browser. One file each.

void print_table(const LabResults& results);
std::string to_json(const LabResults& results);
/// One page without any reference to the outside.
std::string to_html(const LabResults& results);

/// Signs that stand behind a rate, and are explained in the notes below.
std::string marks_of(const Cell& cell);
/// What the columns mean, in sentences; also how a figure is to be read.
std::vector<std::string> reading_notes(const LabResults& results);

}  // namespace rota::cli
