#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "latency_histogram.hpp"
#include "process_clock.hpp"

namespace rota::cli {

/// What one run of the load generator saw in its measured window.
struct LoadReport {
  std::uint64_t requests = 0;
  std::uint64_t window_ns = 0;
  std::uint64_t generator_cpu_ns = 0;
  std::uint64_t generator_wait_ns = 0;  ///< Runnable, but something else had its core.
  std::optional<ProcessClock> server;  ///< Only where a server's process was named.
  LatencyHistogram latency;

  // Over the whole run, warm-up and drain included.
  std::uint64_t resets = 0;      ///< Connections that ended with an error.
  std::uint64_t closed = 0;      ///< Connections that the server closed.
  std::uint64_t corrupt = 0;     ///< Connections whose echo was not what had been sent.
  std::uint64_t unanswered = 0;  ///< Messages sent on live connections that never came back.

  [[nodiscard]] bool clean() const noexcept {
    return resets == 0 && closed == 0 && corrupt == 0 && unanswered == 0;
  }

  /// CPU time of the generator per wall time: from 0.95 on, the server was not the bottleneck.
  [[nodiscard]] double generator_busy() const noexcept;

  /// One line, without the newline.
  [[nodiscard]] std::string to_json() const;
};

}  // namespace rota::cli
