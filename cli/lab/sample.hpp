#pragma once

#include <optional>

namespace rota::cli {

/// From this share of its core on, the load generator was what limited the rate.
inline constexpr double generator_bound_share = 0.95;

/// What one run of one cell measured.
struct Sample {
  unsigned round = 0;
  double operations_per_s = 0;
  double cpu_ns = 0;   ///< of the process under test, per operation
  double p50_ns = 0;   ///< percentiles of the workload's latency
  double p99_ns = 0;
  double p999_ns = 0;
  std::optional<double> generator_busy;  ///< share of its core; where there is a generator
};

/// System calls per operation, and how they were counted.
struct SyscallCount {
  double per_operation = 0;
  const char* method = "";
};

}  // namespace rota::cli
