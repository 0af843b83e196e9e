#pragma once

#include "cell_runner.hpp"
#include "lab_options.hpp"

#include <string>
#include <utility>
#include <vector>

namespace rota::cli {

/// What a reader needs to judge the figures: machine, kernel, compiler, versions, date.
std::vector<std::pair<std::string, std::string>> describe_machine();

/// Which process runs on which CPU.
std::string placement_text(const Placement& placement);

/// With what is particular to the workloads: rounds, placement, the file.
std::vector<std::pair<std::string, std::string>> describe_configuration(const LabOptions& options,
                                                                        const Placement& placement,
                                                                        std::uint64_t file_bytes);

}  // namespace rota::cli
