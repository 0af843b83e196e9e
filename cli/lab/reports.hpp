#pragma once

#include "cli/json_writer.hpp"
#include "lab_results.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rota::cli {

// The same numbers three times: for the terminal, for programs, for a browser. One file each.

void print_table(const LabResults& results);
std::string to_json(const LabResults& results);
/// The fields with which the document of every measurement begins: by what, and on what.
void write_head(JsonWriter& json,
                const std::vector<std::pair<std::string, std::string>>& configuration);
/// A spread as a field of an object.
void write_spread(JsonWriter& json, const char* name, const std::optional<Spread>& spread);
/// One page without any reference to the outside.
std::string to_html(const LabResults& results);

/// What stands below every table of the terminal.
void print_notes(const std::vector<std::string>& notes);
void print_configuration(const std::vector<std::pair<std::string, std::string>>& rows);

/// Signs that stand behind a rate, and are explained in the notes below.
std::string marks_of(const Cell& cell);
/// What the columns mean, in sentences; also how a figure is to be read.
std::vector<std::string> reading_notes(const LabResults& results);

}  // namespace rota::cli
