#include "cell_report.hpp"

#include <cinttypes>
#include <cstdio>

namespace rota::cli {

std::string CellReport::to_line() const {
  char text[256];
  std::snprintf(text, sizeof text,
                "measured %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                " %" PRIu64 " %" PRIu64,
                operations, window_ns, cpu_ns, wait_ns, p50_ns, p99_ns, p999_ns, device_bytes);
  return text;
}

std::optional<CellReport> CellReport::parse(const std::string& line) {
  CellReport report;
  const int found =
      std::sscanf(line.c_str(),
                  "measured %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                  " %" SCNu64 " %" SCNu64,
                  &report.operations, &report.window_ns, &report.cpu_ns, &report.wait_ns,
                  &report.p50_ns, &report.p99_ns, &report.p999_ns, &report.device_bytes);
  constexpr int fields = 8;
  if (found != fields) return std::nullopt;
  return report;
}

}  // namespace rota::cli
