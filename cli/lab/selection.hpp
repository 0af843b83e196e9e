#pragma once

#include "workload.hpp"

#include <string>
#include <vector>

namespace rota::cli {

// Workloads by what names them on the command line: a name, a family, or a pattern as a shell's.

/// The workloads that any of `words` names, each once, in the order of reports; without words,
/// those that are always measured.
std::vector<const Workload*> selected_workloads(const std::vector<std::string>& words);

/// Empty, or a sentence that says what may be named.
std::string refusal_of_word(const std::string& word);

/// Every workload and what it is, a line each, the ones that are always measured with a star.
std::string list_of_workloads();

}  // namespace rota::cli
