#pragma once

#include "child_process.hpp"
#include "cli/driver_choice.hpp"
#include "cli/waiting_choice.hpp"
#include "data_file.hpp"
#include "sample.hpp"
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

/// Runs single cells: each in a fresh process, the load generator in another.
class CellRunner {
 public:
  CellRunner(double seconds, const DataFile* file, Placement placement) noexcept;

  /// An error is why this cell cannot run.
  std::expected<Sample, std::string> measure(const Workload& workload, const DriverChoice& driver);
  /// A single connection talks, and then nobody does for as long.
  std::expected<WaitingSample, std::string> measure_waiting(const DriverChoice& driver,
                                                            const WaitingChoice& waiting,
                                                            std::uint32_t spin_us);
  std::expected<SyscallCount, std::string> count(const Workload& workload,
                                                 const DriverChoice& driver);

 private:
  template <class T>
  using Outcome = std::expected<T, std::string>;

  Outcome<ChildProcess> start_cell(const Workload& workload, const DriverChoice& driver,
                                   std::uint64_t operations,
                                   const std::vector<std::string>& further = {});
  /// `requests` of 0: a window of time.
  Outcome<ChildProcess> start_load(const Workload& workload, std::string port,
                                   const ChildProcess& server, std::uint64_t requests);
  Outcome<Sample> measure_echo(const Workload& workload, ChildProcess& server);
  Outcome<double> measure_idle(ChildProcess& server);
  Outcome<Sample> measure_by_itself(ChildProcess cell);
  Outcome<SyscallCount> count_while(ChildProcess& counted, ChildProcess& gated, int until_fd,
                                    std::uint64_t operations);

  std::uint64_t warm_up_ms_;
  std::uint64_t duration_ms_;
  const DataFile* file_;
  Placement placement_;
};

}  // namespace rota::cli
