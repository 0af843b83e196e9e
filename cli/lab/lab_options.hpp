#pragma once

#include "cli/doctor.hpp"
#include "cli/driver_choice.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace rota::cli {

/// What `rota lab` shall measure, and for how long.
struct LabOptions {
  std::string only;                    ///< a workload or a family of them; empty: all
  std::vector<DriverChoice> drivers;   ///< empty: all that this machine has
  unsigned rounds = 7;                 ///< in each, every driver runs once
  double seconds = 1.0;                ///< the measured window of one cell
  double limit_s = 3600;               ///< no cell begins after this time
  std::uint64_t file_bytes_max = std::uint64_t{256} << 20U;
  std::string out = "out/lab";
  OutputFormat format = OutputFormat::text;

  /// Under a minute on two cores.
  void make_quick() {
    rounds = 3;
    seconds = 0.25;
    limit_s = 52;
    file_bytes_max = std::uint64_t{64} << 20U;
  }
};

}  // namespace rota::cli
