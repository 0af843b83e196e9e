#include "charts.hpp"

#include "cost.hpp"
#include "log_scale.hpp"
#include "quantity.hpp"
#include "svg.hpp"

#include <algorithm>
#include <cmath>

namespace rota::cli {
namespace {

constexpr double row_height = 26;
constexpr double least_plot_left = 112;
constexpr double bar_columns = 180;   // of bars; values stand right of them
constexpr double axis_columns = 224;  // of an axis without values beside it
constexpr double right_columns = 68;
constexpr double top = 6;
constexpr double axis_height = 24;

struct ChartRow {
  const Cell* cell;
  double y;  ///< its middle
};

/// The measured ones, and where what is drawn of them begins: right of the longest name.
struct ChartRows {
  std::vector<ChartRow> rows;
  double plot_left = least_plot_left;

  [[nodiscard]] double bottom() const {
    return top + row_height * static_cast<double>(rows.size());
  }
  [[nodiscard]] double width() const { return plot_left + bar_columns + right_columns; }
};

ChartRows rows_of(const std::vector<const Cell*>& cells) {
  ChartRows found;
  for (const Cell* cell : cells) {
    if (cell->samples.empty()) continue;
    const double middle = top + row_height * (static_cast<double>(found.rows.size()) + 0.5);
    found.rows.push_back({cell, middle});
    found.plot_left = std::max(found.plot_left, svg_text_width(cell->setup.title()) + 10);
  }
  return found;
}

std::string row_label(const ChartRows& all, const ChartRow& row) {
  return svg_text("driver", {all.plot_left - 8, row.y + 4}, row.cell->setup.title());
}

/// Whether no round of a setup was as dear as any round of any other: the lead is no accident.
bool is_below_all(const ChartRow& row, const std::vector<ChartRow>& rows) {
  double Sample::* const cost = cost_of(*row.cell->workload);
  const double most = spread_of(*row.cell, cost)->most;
  return rows.size() > 1 && std::ranges::all_of(rows, [&](const ChartRow& other) {
           return other.cell == row.cell || spread_of(*other.cell, cost)->least > most;
         });
}

std::string cost_row(const ChartRows& all, const ChartRow& row, double scale) {
  constexpr double half_bar = 6;
  constexpr double half_cap = 3;
  const Spread cost = *spread_of(*row.cell, cost_of(*row.cell->workload));
  const double from = all.plot_left + cost.least * scale;
  const double to = all.plot_left + cost.most * scale;
  std::string out = row_label(all, row);
  out += svg_print("<rect class=\"%s\" x=\"%.0f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\"/>\n",
                   is_below_all(row, all.rows) ? "bar best" : "bar", all.plot_left,
                   row.y - half_bar, std::max(1.0, cost.median * scale), 2 * half_bar);
  out += svg_line("whisker", {from, row.y}, {to, row.y});
  out += svg_line("whisker", {from, row.y - half_cap}, {from, row.y + half_cap});
  out += svg_line("whisker", {to, row.y - half_cap}, {to, row.y + half_cap});
  return out + svg_text("value", {all.width() - 2, row.y + 4},
                        format_cost(*row.cell->workload, cost.median));
}

struct Percentiles {
  double p50;
  double p99;
  double p999;
};

Percentiles percentiles_of(const Cell& cell) {
  return {visible_ns(spread_of(cell, &Sample::p50_ns)->median),
          visible_ns(spread_of(cell, &Sample::p99_ns)->median),
          visible_ns(spread_of(cell, &Sample::p999_ns)->median)};
}

std::string latency_row(const ChartRows& all, const ChartRow& row, const LogScale& scale) {
  constexpr double half_tick = 5;
  constexpr double radius = 4;
  const Percentiles found = percentiles_of(*row.cell);
  const double p999 = scale.at(found.p999);
  std::string out = row_label(all, row);
  out += svg_line("reach", {scale.at(found.p50), row.y}, {p999, row.y});
  out += svg_line("tick", {p999, row.y - half_tick}, {p999, row.y + half_tick});
  out += svg_circle("ring", {scale.at(found.p99), row.y}, radius);
  out += svg_circle("dot", {scale.at(found.p50), row.y}, radius);
  return out;
}

}  // namespace

std::string cost_chart(const std::vector<const Cell*>& cells) {
  const ChartRows all = rows_of(cells);
  if (all.rows.empty()) return {};
  const Workload& workload = *all.rows.front().cell->workload;
  double most = 0;
  std::string label = cost_title(workload) + ':';
  for (const ChartRow& row : all.rows) {
    const auto cost = spread_of(*row.cell, cost_of(workload));
    most = std::max(most, cost->most);
    label += ' ' + row.cell->setup.title() + ' ' + format_cost(workload, cost->median) + ';';
  }
  const double scale = bar_columns / std::max(most, 1.0);
  std::string out = svg_opening({all.width(), all.bottom() + top}, label);
  for (const ChartRow& row : all.rows) out += cost_row(all, row, scale);
  out += svg_line("axis", {all.plot_left, top}, {all.plot_left, all.bottom()});
  return out + "</svg>\n";
}

std::string latency_chart(const std::vector<const Cell*>& cells) {
  const ChartRows all = rows_of(cells);
  if (all.rows.empty() || all.rows.front().cell->workload->latency.empty()) return {};
  double least = INFINITY;
  double most = 1;
  std::string label = "Latency, p50, p99 and p99.9:";
  for (const ChartRow& row : all.rows) {
    const Percentiles found = percentiles_of(*row.cell);
    least = std::min(least, found.p50);
    most = std::max(most, found.p999);
    label += ' ' + row.cell->setup.title() + ' ' + format_ns(found.p50) + ", " +
             format_ns(found.p99) + ", " + format_ns(found.p999) + ';';
  }
  const LogScale scale(least, most, {all.plot_left, all.plot_left + axis_columns});
  std::string out = svg_opening({all.width(), all.bottom() + axis_height}, label);
  for (const double tick : scale.ticks()) {
    const double x = scale.at(tick);
    out += svg_line("grid", {x, top}, {x, all.bottom()});
    out += svg_text("axis-text", {x, all.bottom() + 15}, tick_text(tick));
  }
  for (const ChartRow& row : all.rows) out += latency_row(all, row, scale);
  return out + "</svg>\n";
}

}  // namespace rota::cli
