#pragma once

#include "cli/doctor.hpp"
#include "setup.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace rota::cli {

/// What `rota lab` shall measure, and for how long.
struct LabOptions {
  std::vector<std::string> only;  ///< what names workloads; empty: those always measured
  std::vector<Setup> setups;
  std::string baseline;   ///< the name of one of them; empty: epoll, or else the first
  unsigned rounds = 7;    ///< in each, every driver runs once
  double seconds = 1.0;   ///< the measured window of one cell
  double limit_s = 3600;  ///< no cell begins after this time
  std::uint32_t idle_connections = 2'000;
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
