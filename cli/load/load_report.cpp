#include "load_report.hpp"

#include <cinttypes>
#include <cstdio>

namespace rota::cli {

namespace {

void append_field(std::string& out, const char* name, std::uint64_t value) {
  char text[96];
  std::snprintf(text, sizeof text, "\"%s\":%" PRIu64 ",", name, value);
  out += text;
}

void append_ratio(std::string& out, const char* name, double value) {
  char text[96];
  std::snprintf(text, sizeof text, "\"%s\":%.4f,", name, value);
  out += text;
}

void close_object(std::string& out) { out.back() = '}'; }

}  // namespace

double LoadReport::generator_busy() const noexcept {
  if (window_ns == 0) return 0;
  return static_cast<double>(generator_cpu_ns) / static_cast<double>(window_ns);
}

std::string LoadReport::to_json() const {
  const double seconds = static_cast<double>(window_ns) / 1e9;
  std::string out = "{";
  append_field(out, "requests", requests);
  append_ratio(out, "seconds", seconds);
  append_ratio(out, "requests_per_s", seconds > 0 ? static_cast<double>(requests) / seconds : 0);
  out += "\"latency_ns\":{";
  append_field(out, "p50", latency.percentile_ns(0.50));
  append_field(out, "p90", latency.percentile_ns(0.90));
  append_field(out, "p99", latency.percentile_ns(0.99));
  append_field(out, "p99.9", latency.percentile_ns(0.999));
  append_field(out, "max", latency.max_ns());
  close_object(out);
  out += ',';
  append_field(out, "generator_cpu_ns", generator_cpu_ns);
  append_field(out, "generator_wait_ns", generator_wait_ns);
  append_ratio(out, "generator_busy", generator_busy());
  if (server) {
    append_field(out, "server_cpu_ns", server->cpu_ns);
    append_field(out, "server_wait_ns", server->wait_ns);
  }
  out += "\"errors\":{";
  append_field(out, "resets", resets);
  append_field(out, "closed", closed);
  append_field(out, "corrupt", corrupt);
  append_field(out, "unanswered", unanswered);
  close_object(out);
  out += '}';
  return out;
}

}  // namespace rota::cli
