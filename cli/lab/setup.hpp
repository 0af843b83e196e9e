#pragma once

#include "cli/driver_choice.hpp"
#include "cli/engine_choice.hpp"
#include "cli/waiting_choice.hpp"
#include "workload.hpp"

#include <rota/capabilities.hpp>
#include <rota/config.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rota::cli {

/// What the lab compares: a driver with its ring profile, a file engine and a way to wait.
struct Setup {
  DriverChoice driver = best_driver;
  EngineChoice files = engine_choices.front();
  WaitingChoice waiting = waiting_choices.front();

  /// "epoll", "epoll+pool", "uring+linux-aio/spin": what differs from the defaults is said.
  [[nodiscard]] std::string name() const;
  /// As reports name it: a driver's title where all else is as the driver chooses.
  [[nodiscard]] std::string title() const;
  [[nodiscard]] Config config(std::uint32_t spin_us) const;
};

/// The words of the command line that the setups are made of; where there are none, every driver,
/// the engine that each chooses, and blocking.
struct SetupWords {
  std::vector<std::string> drivers;  ///< "epoll", or "epoll+pool"
  std::vector<std::string> files;    ///< of each driver that is named without one
  std::vector<std::string> waiting;
};

/// All that the words name, each once, in the order of reports.
std::vector<Setup> setups_of(const SetupWords& words);

/// Empty, or a sentence that says how drivers are named.
std::string refusal_of_driver(const std::string& word);

/// Why a driver cannot be used here; empty: it can.
std::string refusal_of(const DriverChoice& driver, const std::vector<Capability>& capabilities);

/// Why it cannot wait for so many connections; empty: it can.
std::string refusal_of(const DriverChoice& driver, std::uint32_t connections);

/// Why a workload is not measured under it here; empty: it is.
std::string refusal_of(const Setup& setup, const Workload& workload,
                       const std::vector<Capability>& capabilities);

}  // namespace rota::cli
