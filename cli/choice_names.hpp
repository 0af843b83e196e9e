#pragma once

#include "driver_choice.hpp"
#include "lab/workload.hpp"
#include "waiting_choice.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

namespace rota::cli {

// What can be named on the command line, and what names stand for. For main.cpp.

/// Those of a table.
template <std::size_t Count>
std::vector<std::string> names_of(const std::array<DriverChoice, Count>& drivers) {
  std::vector<std::string> names;
  for (const DriverChoice& driver : drivers) names.emplace_back(driver.name);
  return names;
}

inline std::vector<std::string> driver_names() {
  std::vector<std::string> names = names_of(measured_drivers);
  std::ranges::copy(names_of(drivers_with_engines), std::back_inserter(names));
  return names;
}

inline std::vector<std::string> waiting_names() {
  std::vector<std::string> names;
  for (const WaitingChoice& waiting : waiting_choices) names.emplace_back(waiting.name);
  return names;
}

/// Those of the drivers that were named, each once, in the order of reports.
inline std::vector<DriverChoice> drivers_of(const std::vector<std::string>& names) {
  std::vector<DriverChoice> drivers;
  for_each_driver([&](const DriverChoice& driver) {
    if (std::ranges::find(names, driver.name) != names.end()) drivers.push_back(driver);
  });
  return drivers;
}

inline std::vector<std::string> workload_names() {
  std::vector<std::string> names{"echo", "files", "timers"};
  for (const Workload& workload : workloads) names.emplace_back(workload.name);
  return names;
}

}  // namespace rota::cli
