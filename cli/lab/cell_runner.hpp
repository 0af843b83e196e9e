#pragma once

#include "child_process.hpp"
#include "data_file.hpp"
#include "sample.hpp"
#include "setup.hpp"
#include "workload.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace rota::cli {

/// Where the processes of a cell run. Without a second CPU they share what there is.
struct Placement {
  std::optional<unsigned> tested;
  std::optional<unsigned> generator;

  /// The first two CPUs that this process may use.
  static Placement choose();
};

/// What all cells of a lab have in common.
struct CellPlan {
  double seconds = 1;  ///< the measured window
  Placement placement;
  const DataFile* file = nullptr;  ///< what reads read; without one they are refused
  std::uint32_t idle_connections = 2'000;
};

/// Runs single cells: each in a fresh process, the load generator in another.
class CellRunner {
 public:
  /// The file must outlive it.
  explicit CellRunner(const CellPlan& plan) noexcept;

  /// An error is why this cell cannot run.
  std::expected<Sample, std::string> measure(const Workload& workload, const Setup& setup);
  /// A single connection talks, and then nobody does for as long.
  std::expected<WaitingSample, std::string> measure_waiting(const Setup& setup,
                                                            std::uint32_t spin_us);
  std::expected<SyscallCount, std::string> count(const Workload& workload, const Setup& setup);

 private:
  template <class T>
  using Outcome = std::expected<T, std::string>;

  Outcome<ChildProcess> start_cell(const Workload& workload, const Setup& setup,
                                   std::uint64_t operations, std::uint32_t spin_us);
  /// `requests` of 0: a window of time.
  Outcome<ChildProcess> start_load(const Workload& workload, std::string port,
                                   const ChildProcess& server, std::uint64_t requests);
  Outcome<Sample> measure_echo(const Workload& workload, ChildProcess& server);
  Outcome<double> measure_silence(ChildProcess& server) const;
  Outcome<Sample> measure_idle(ChildProcess& server) const;
  Outcome<Sample> measure_by_itself(const Workload& workload, ChildProcess cell);
  Outcome<SyscallCount> count_while(ChildProcess& counted, ChildProcess& gated, int until_fd,
                                    std::uint64_t operations);

  std::uint64_t warm_up_ms_;
  std::uint64_t duration_ms_;
  CellPlan plan_;
};

}  // namespace rota::cli
