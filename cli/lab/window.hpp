#pragma once

#include "cell_options.hpp"
#include "cell_report.hpp"
#include "cli/load/latency_histogram.hpp"

#include <cstdint>

namespace rota::cli {

/// The measured part of a cell: after the warm-up, for a time or for a number of operations. One
/// thread.
class Window {
 public:
  explicit Window(const CellOptions& options) noexcept : options_(options) {}

  /// The warm-up begins.
  void begin() noexcept;
  /// Whether another operation shall begin; counts it.
  [[nodiscard]] bool more() noexcept;
  /// An operation that took from `from_ns` to `to_ns` of the monotonic clock has ended.
  void record(std::uint64_t from_ns, std::uint64_t to_ns) noexcept;
  /// Once no operation is under way.
  [[nodiscard]] CellReport report() noexcept;

 private:
  void open(std::uint64_t now_ns) noexcept;
  void close(std::uint64_t now_ns) noexcept;

  const CellOptions& options_;
  LatencyHistogram latency_;
  std::uint64_t begun_ = 0;
  std::uint64_t open_at_ns_ = 0;  ///< when the warm-up ends
  std::uint64_t close_at_ns_ = 0;
  std::uint64_t opened_ns_ = 0;
  std::uint64_t opened_cpu_ns_ = 0;
  std::int64_t opened_wait_ns_ = 0;
  std::uint64_t opened_device_bytes_ = 0;
  std::uint64_t last_ns_ = 0;  ///< the clock, as `record` last saw it
  bool is_open_ = false;
  bool is_closed_ = false;
  CellReport report_;
};

}  // namespace rota::cli
