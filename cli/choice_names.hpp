#pragma once

#include "driver_choice.hpp"
#include "engine_choice.hpp"
#include "lab/workloads.hpp"
#include "waiting_choice.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace rota::cli {

// What can be named on the command line. For main.cpp.

/// Those of a table.
template <class Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const auto& choice : table) names.emplace_back(choice.name);
  return names;
}

inline std::vector<std::string> driver_names() {
  std::vector<std::string> names = names_of(measured_drivers);
  std::ranges::copy(names_of(named_drivers), std::back_inserter(names));
  return names;
}
inline std::vector<std::string> engine_names() { return names_of(engine_choices); }
inline std::vector<std::string> waiting_names() { return names_of(waiting_choices); }

/// Those of the drivers that were named, each once, in the order of reports.
inline std::vector<DriverChoice> drivers_of(const std::vector<std::string>& names) {
  std::vector<DriverChoice> drivers;
  for_each_driver([&](const DriverChoice& driver) {
    if (std::ranges::find(names, driver.name) != names.end()) drivers.push_back(driver);
  });
  return drivers;
}

}  // namespace rota::cli
