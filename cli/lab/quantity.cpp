#include "quantity.hpp"

#include <cmath>
#include <cstdio>

namespace rota::cli {
namespace {

constexpr double kib = 1024;

struct Unit {
  double ns;
  const char* name;
};

Unit unit_of(double ns) {
  constexpr double us = 1e3;
  constexpr double ms = 1e6;
  constexpr double s = 1e9;
  // The borders lie where three digits would round up into the next unit.
  if (ns < 999.5) return {1, " ns"};
  if (ns < 999.5 * us) return {us, " µs"};
  if (ns < 999.5 * ms) return {ms, " ms"};
  return {s, " s"};
}

}  // namespace

std::string format_figure(double value) {
  char text[32];
  const double size = std::fabs(value);
  const int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.0995 || size == 0 ? 2 : 3;
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string format_ns(double ns) {
  const Unit unit = unit_of(ns);
  return format_figure(ns / unit.ns) + unit.name;
}

std::string format_ns_range(double least_ns, double most_ns) {
  const Unit unit = unit_of(most_ns);
  return format_figure(least_ns / unit.ns) + "–" + format_figure(most_ns / unit.ns) + unit.name;
}

std::string format_bytes(double bytes) {
  return bytes < kib ? format_figure(bytes) + " B" : format_figure(bytes / kib) + " KiB";
}

std::string format_bytes_range(double least, double most) {
  const double unit = most < kib ? 1 : kib;
  return format_figure(least / unit) + "–" + format_bytes(most);
}

std::string format_rate(double per_s) {
  constexpr double thousand = 1e3;
  constexpr double million = 1e6;
  if (per_s >= 999.5 * thousand) return format_figure(per_s / million) + " M";
  if (per_s >= 999.5) return format_figure(per_s / thousand) + " k";
  return format_figure(per_s);
}

std::string format_percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", share * 100);
  return text;
}

}  // namespace rota::cli
