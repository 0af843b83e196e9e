#pragma once

#include "setup.hpp"
#include "workload.hpp"

#include <cstdint>
#include <string>

namespace rota::cli {

/// What the measured process of one cell shall do: `rota cell`.
struct CellOptions {
  const Workload* workload = nullptr;
  Setup setup;
  std::uint32_t spin_us = 0;
  std::uint64_t warm_up_ms = 100;
  std::uint64_t duration_ms = 1000;
  std::uint64_t operations = 0;  ///< not 0: so many, instead of a window of time
  std::string file;              ///< what the read workloads read
};

}  // namespace rota::cli
