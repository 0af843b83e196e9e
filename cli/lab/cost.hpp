#pragma once

#include "sample.hpp"
#include "workload.hpp"

#include <string>

namespace rota::cli {

// The figure by which setups are compared: the memory that an idle connection takes, and the CPU
// time of an operation of any other workload. Less is better.

double Sample::* cost_of(const Workload& workload) noexcept;
std::string cost_title(const Workload& workload);  ///< "CPU per read"
std::string format_cost(const Workload& workload, double cost);
std::string format_cost_range(const Workload& workload, double least, double most);

}  // namespace rota::cli
