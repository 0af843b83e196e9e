#pragma once

#include <optional>

namespace rota::cli {

/// From this share of its core on, the load generator was what limited the rate.
inline constexpr double generator_bound_share = 0.95;

/// Below this share of reads that went to the device, what should have been cold was not.
inline constexpr double cold_share = 0.9;

/// From this share of the window on that it was ready to run and did not, a process was disturbed.
inline constexpr double disturbed_share = 0.10;

/// What one run of one cell measured.
struct Sample {
  unsigned round = 0;
  double operations_per_s = 0;
  double cpu_ns = 0;  ///< of the process under test, per operation; per second of an idle one
  double p50_ns = 0;  ///< percentiles of the workload's latency
  double p99_ns = 0;
  double p999_ns = 0;
  double waited_share = 0;               ///< of the window: ready, and something else had the CPU
  double resident_bytes = 0;             ///< of an idle connection
  std::optional<double> generator_busy;  ///< share of its core; where there is a generator
  std::optional<double> device_share;    ///< of the bytes read: those that a device had to read
};

/// One run of one way of waiting.
struct WaitingSample {
  Sample talk;
  double idle_cpu_share = 0;  ///< of the server's CPU, when nobody talks to it
};

/// System calls per operation, and how they were counted.
struct SyscallCount {
  double per_operation = 0;
  const char* method = "";
};

}  // namespace rota::cli
