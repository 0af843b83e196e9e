#include "charts.hpp"

#include "cost.hpp"
#include "html_text.hpp"
#include "quantity.hpp"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace rota::cli {
namespace {

// One unit is one CSS pixel where the picture has its natural width; a phone shows it about so.
constexpr double width = 360;
constexpr double row_height = 26;
constexpr double plot_left = 112;
constexpr double plot_right = 292;       // of bars; values stand right of it
constexpr double plot_right_wide = 336;  // of an axis without values beside it
constexpr double top = 6;
constexpr double axis_height = 24;

[[gnu::format(printf, 1, 2)]] std::string print(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

struct Row {
  const Cell* cell;
  double y;  ///< its middle
};

std::vector<Row> rows_of(const std::vector<const Cell*>& cells) {
  std::vector<Row> rows;
  for (const Cell* cell : cells) {
    if (cell->samples.empty()) continue;
    rows.push_back({cell, top + row_height * (static_cast<double>(rows.size()) + 0.5)});
  }
  return rows;
}

std::string opening(double height, const std::string& label) {
  return print("<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", width, height) +
         html_of(label) + "\">\n";
}

std::string driver_label(const Row& row) {
  return print("<text class=\"driver\" x=\"%.0f\" y=\"%.1f\">", plot_left - 8, row.y + 4) +
         html_of(row.cell->setup.title()) + "</text>\n";
}

std::string line(const char* kind, double x1, double y1, double x2, double y2) {
  return print("<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", kind, x1,
               y1, x2, y2);
}

/// Whether no round of a setup was as dear as any round of any other: the lead is no accident.
bool is_below_all(const Row& row, const std::vector<Row>& rows) {
  double Sample::* const cost = cost_of(*row.cell->workload);
  const double most = spread_of(*row.cell, cost)->most;
  return rows.size() > 1 && std::ranges::all_of(rows, [&](const Row& other) {
           return other.cell == row.cell || spread_of(*other.cell, cost)->least > most;
         });
}

std::string cost_row(const Row& row, const Spread& cost, double scale, const char* kind) {
  constexpr double half_bar = 6;
  constexpr double half_cap = 3;
  const double from = plot_left + cost.least * scale;
  const double to = plot_left + cost.most * scale;
  std::string out = driver_label(row);
  out += print("<rect class=\"%s\" x=\"%.0f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\"/>\n", kind,
               plot_left, row.y - half_bar, std::max(1.0, cost.median * scale), 2 * half_bar);
  out += line("whisker", from, row.y, to, row.y);
  out += line("whisker", from, row.y - half_cap, from, row.y + half_cap);
  out += line("whisker", to, row.y - half_cap, to, row.y + half_cap);
  out += print("<text class=\"value\" x=\"%.0f\" y=\"%.1f\">", width - 2, row.y + 4);
  return out + format_cost(*row.cell->workload, cost.median) + "</text>\n";
}

/// A logarithmic scale over whole decades, or over half of one where that is enough.
class LogScale {
 public:
  LogScale(double least, double most)
      : low_(std::floor(std::log10(least) * 2) / 2), high_(std::ceil(std::log10(most) * 2) / 2) {
    if (high_ - low_ < 1) high_ = low_ + 1;
  }
  [[nodiscard]] double x(double value) const {
    const double share = (std::log10(value) - low_) / (high_ - low_);
    return plot_left + share * (plot_right_wide - plot_left);
  }
  /// Powers of ten; their double and fivefold too where there would be too few.
  [[nodiscard]] std::vector<double> ticks() const {
    const bool dense = high_ - low_ <= 1.5;
    std::vector<double> found;
    for (double power = std::floor(low_); power <= high_; power += 1) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor > 1 && !dense) continue;
        const double value = std::log10(factor) + power;
        if (value >= low_ && value <= high_) found.push_back(factor * std::pow(10.0, power));
      }
    }
    return found;
  }

 private:
  double low_;
  double high_;
};

std::string tick_text(double ns) {
  constexpr double us = 1e3;
  constexpr double ms = 1e6;
  constexpr double s = 1e9;
  const double unit = ns >= s ? s : ns >= ms ? ms : ns >= us ? us : 1;
  const char* name = ns >= s ? "s" : ns >= ms ? "ms" : ns >= us ? "µs" : "ns";
  return print("%.0f %s", ns / unit, name);
}

/// A latency of nothing has no place on a logarithmic axis; 1 ns is below what any clock tells.
double visible(double ns) { return std::max(ns, 1.0); }

struct Percentiles {
  double p50;
  double p99;
  double p999;
};

Percentiles percentiles_of(const Cell& cell) {
  return {visible(spread_of(cell, &Sample::p50_ns)->median),
          visible(spread_of(cell, &Sample::p99_ns)->median),
          visible(spread_of(cell, &Sample::p999_ns)->median)};
}

std::string latency_row(const Row& row, const LogScale& scale) {
  constexpr double half_tick = 5;
  const Percentiles found = percentiles_of(*row.cell);
  std::string out = driver_label(row);
  out += line("reach", scale.x(found.p50), row.y, scale.x(found.p999), row.y);
  out +=
      line("tick", scale.x(found.p999), row.y - half_tick, scale.x(found.p999), row.y + half_tick);
  out += print("<circle class=\"ring\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", scale.x(found.p99),
               row.y);
  out +=
      print("<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", scale.x(found.p50), row.y);
  return out;
}

}  // namespace

std::string cost_chart(const std::vector<const Cell*>& cells) {
  const std::vector<Row> rows = rows_of(cells);
  if (rows.empty()) return {};
  double most = 0;
  std::string label = cost_title(*rows.front().cell->workload) + ':';
  for (const Row& row : rows) {
    const auto cost = spread_of(*row.cell, cost_of(*row.cell->workload));
    most = std::max(most, cost->most);
    label +=
        ' ' + row.cell->setup.title() + ' ' + format_cost(*row.cell->workload, cost->median) + ';';
  }
  const double scale = (plot_right - plot_left) / std::max(most, 1.0);
  const double bottom = top + row_height * static_cast<double>(rows.size());
  std::string out = opening(bottom + top, label);
  for (const Row& row : rows) {
    const auto cost = spread_of(*row.cell, cost_of(*row.cell->workload));
    out += cost_row(row, *cost, scale, is_below_all(row, rows) ? "bar best" : "bar");
  }
  out += line("axis", plot_left, top, plot_left, bottom);
  return out + "</svg>\n";
}

std::string latency_chart(const std::vector<const Cell*>& cells) {
  const std::vector<Row> rows = rows_of(cells);
  if (rows.empty() || rows.front().cell->workload->latency.empty()) return {};
  double least = INFINITY;
  double most = 1;
  std::string label = "Latency, p50, p99 and p99.9:";
  for (const Row& row : rows) {
    const Percentiles found = percentiles_of(*row.cell);
    least = std::min(least, found.p50);
    most = std::max(most, found.p999);
    label += ' ' + row.cell->setup.title() + ' ' + format_ns(found.p50) + ", " +
             format_ns(found.p99) + ", " + format_ns(found.p999) + ';';
  }
  const LogScale scale(least, most);
  const double bottom = top + row_height * static_cast<double>(rows.size());
  std::string out = opening(bottom + axis_height, label);
  for (const double tick : scale.ticks()) {
    const double x = scale.x(tick);
    out += line("grid", x, top, x, bottom);
    out += print("<text class=\"axis-text\" x=\"%.1f\" y=\"%.0f\">", x, bottom + 15) +
           tick_text(tick) + "</text>\n";
  }
  for (const Row& row : rows) out += latency_row(row, scale);
  return out + "</svg>\n";
}

}  // namespace rota::cli
