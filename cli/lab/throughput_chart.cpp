#include "throughput_chart.hpp"

#include "log_scale.hpp"
#include "quantity.hpp"
#include "svg.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace rota::cli {
namespace {

constexpr double plot_left = 56;
constexpr double plot_right = 272;
constexpr double plot_top = 22;  // below the name of the axis
constexpr double least_plot_height = 150;
constexpr double labels_left = plot_right + 26;
constexpr double label_height = 16;
constexpr double axes_height = 38;

struct Mark {
  const Cell* cell;
  double per_s;
  double p99_ns;
  Point at;
  double label_y = 0;
};

std::vector<Mark> measured_marks(const std::vector<const Cell*>& cells) {
  std::vector<Mark> marks;
  for (const Cell* cell : cells) {
    if (cell->samples.empty()) continue;
    Mark mark{cell,
              spread_of(*cell, &Sample::operations_per_s)->median,
              visible_ns(spread_of(*cell, &Sample::p99_ns)->median),
              {}};
    marks.push_back(mark);
  }
  return marks;
}

/// Labels stand beside the plot in the order of their marks, none upon another.
void place_labels(std::vector<Mark>& marks, double bottom) {
  std::ranges::sort(marks, {}, [](const Mark& mark) { return mark.at.y; });
  double free_from = plot_top;
  for (Mark& mark : marks) {
    mark.label_y = std::max(mark.at.y, free_from);
    free_from = mark.label_y + label_height;
  }
  double free_until = bottom;
  for (auto mark = marks.rbegin(); mark != marks.rend(); ++mark) {
    mark->label_y = std::min(mark->label_y, free_until);
    free_until = mark->label_y - label_height;
  }
}

/// A linear axis from zero: its end and the distance of its ticks are round.
struct RateScale {
  double most;
  double step;

  explicit RateScale(double greatest) {
    constexpr double wanted_ticks = 4;
    const double power = std::pow(10.0, std::floor(std::log10(greatest / wanted_ticks)));
    step = power * 10;
    for (const double factor : {5.0, 2.0, 1.0}) {
      if (factor * power * wanted_ticks >= greatest) step = factor * power;
    }
    most = step * std::ceil(greatest / step);
  }
  [[nodiscard]] double at(double per_s) const {
    return plot_left + per_s / most * (plot_right - plot_left);
  }
};

std::string short_rate(double per_s) {
  constexpr double thousand = 1e3;
  constexpr double million = 1e6;
  if (per_s >= million) return svg_print("%g M", per_s / million);
  if (per_s >= thousand) return svg_print("%g k", per_s / thousand);
  return svg_print("%g", per_s);
}

std::string plural_of(std::string_view operation) {
  return std::string(operation) + (operation.ends_with('o') ? "es" : "s");
}

std::string axes(const Workload& workload, const RateScale& rates, const LogScale& latencies,
                 double bottom) {
  std::string out;
  for (const double tick : latencies.ticks()) {
    const double y = latencies.at(tick);
    out += svg_line("grid", {plot_left, y}, {plot_right, y});
    out += svg_text("value axis-name", {plot_left - 6, y + 4}, tick_text(tick));
  }
  for (double tick = 0; tick <= rates.most * 1.001; tick += rates.step) {
    const double x = rates.at(tick);
    out += svg_line("grid", {x, plot_top}, {x, bottom});
    out += svg_text("axis-text", {x, bottom + 15}, short_rate(tick));
  }
  out += svg_line("axis", {plot_left, plot_top}, {plot_left, bottom});
  out += svg_line("axis", {plot_left, bottom}, {plot_right, bottom});
  out += svg_text("axis-name", {0, 11}, "p99 of the " + std::string(workload.latency));
  const double middle = (plot_left + plot_right) / 2;
  return out + svg_text("axis-text", {middle, bottom + 32},
                        plural_of(workload.operation) + " per second");
}

std::string draw_mark(const Mark& mark, const std::string& baseline) {
  constexpr double radius = 4;
  const std::string title = mark.cell->setup.title();
  const bool is_baseline = title == baseline;
  const double bend = plot_right + 4;
  return "<g class=\"mark\">" +
         svg_title(title + ": " + format_rate(mark.per_s) + " per second, p99 " +
                   format_ns(mark.p99_ns)) +
         svg_line("leader", mark.at, {bend, mark.label_y}) +
         svg_line("leader", {bend, mark.label_y}, {labels_left - 4, mark.label_y}) +
         svg_circle(is_baseline ? "dot" : "ring", mark.at, radius) +
         svg_text(is_baseline ? "strong" : "name", {labels_left, mark.label_y + 4}, title) +
         "</g>\n";
}

}  // namespace

std::string throughput_chart(const std::vector<const Cell*>& cells, const std::string& baseline) {
  std::vector<Mark> marks = measured_marks(cells);
  if (marks.empty() || marks.front().cell->workload->latency.empty()) return {};
  const Workload& workload = *marks.front().cell->workload;
  const double labels_height = label_height * static_cast<double>(marks.size());
  const double bottom = plot_top + std::max(least_plot_height, labels_height);
  const auto [fast, slow] = std::ranges::minmax(marks, {}, &Mark::p99_ns);
  const LogScale latencies(fast.p99_ns, slow.p99_ns, {bottom, plot_top});
  const RateScale rates(std::ranges::max(marks, {}, &Mark::per_s).per_s);
  double width = labels_left;
  std::string label = "Throughput and p99:";
  for (Mark& mark : marks) {
    mark.at = {rates.at(mark.per_s), latencies.at(mark.p99_ns)};
    const std::string title = mark.cell->setup.title();
    width = std::max(width, labels_left + svg_text_width(title));
    label += ' ' + title + ' ' + format_rate(mark.per_s) + " per second, " +
             format_ns(mark.p99_ns) + ';';
  }
  place_labels(marks, bottom);
  std::string out = svg_opening({width, bottom + axes_height}, label);
  out += axes(workload, rates, latencies, bottom);
  for (const Mark& mark : marks) out += draw_mark(mark, baseline);
  return out + "</svg>\n";
}

}  // namespace rota::cli
