#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rota::cli {

/// What a cell's process measured of itself, and the line in which it says so.
struct CellReport {
  std::uint64_t operations = 0;
  std::uint64_t window_ns = 0;
  std::uint64_t cpu_ns = 0;   ///< of all its threads, over the window
  std::uint64_t wait_ns = 0;  ///< its main thread was ready, and another process had the CPU
  std::uint64_t p50_ns = 0;
  std::uint64_t p99_ns = 0;
  std::uint64_t p999_ns = 0;
  std::uint64_t device_bytes = 0;  ///< that a device read for it, as the kernel accounts them

  [[nodiscard]] std::string to_line() const;
  [[nodiscard]] static std::optional<CellReport> parse(const std::string& line);
};

}  // namespace rota::cli
