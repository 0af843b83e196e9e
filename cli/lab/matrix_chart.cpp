#include "matrix_chart.hpp"

#include "cli/columns.hpp"
#include "cost.hpp"
#include "html_text.hpp"
#include "quantity.hpp"
#include "svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace rota::cli {
namespace {

constexpr double cell_width = 50;
constexpr double cell_height = 26;
constexpr double cell_gap = 2;
constexpr double note_height = 16;
constexpr double least_width = 420;
constexpr double legend_height = 30;

/// A step of the scale from much less to much more than the baseline, and how it is called.
struct Step {
  double below;
  const char* kind;
  const char* name;
};

constexpr std::array<Step, 5> ratio_steps{{{0.80, "much-less", "< 0.80"},
                                           {0.95, "less", "< 0.95"},
                                           {1.05, "same", "0.95–1.05"},
                                           {1.25, "more", "> 1.05"},
                                           {INFINITY, "much-more", "> 1.25"}}};

const Step& step_of(double ratio) {
  return *std::ranges::find_if(ratio_steps, [&](const Step& step) { return ratio < step.below; });
}

/// What a cell shows.
struct Shown {
  const char* kind;
  std::string text;
  std::string title;
};

class Matrix {
 public:
  explicit Matrix(const LabResults& results);

  std::string draw();

 private:
  std::string heads() const;
  std::string row(const std::string& setup, double y);
  std::string legend(double y) const;
  std::string explanations(double y) const;
  Shown shown(const Cell& cell);
  std::string number_of(const std::string& reason);
  [[nodiscard]] std::vector<std::string> lines_of(std::size_t reason) const;
  [[nodiscard]] double width() const;

  const LabResults& results_;
  std::vector<const Workload*> workloads_;
  std::vector<std::string> setups_;
  std::vector<std::string> reasons_;  ///< each once; a cell shows its number
  double left_ = 0;                   ///< of the cells
  double head_height_ = 0;
  double overhang_ = 0;  ///< of the slanted names, beyond the last column
};

Matrix::Matrix(const LabResults& results) : results_(results), workloads_(results.workloads()) {
  constexpr double slant = 0.7072;
  for (const Cell& cell : results.cells) {
    const std::string title = cell.setup.title();
    if (std::ranges::find(setups_, title) == setups_.end()) setups_.push_back(title);
    left_ = std::max(left_, svg_text_width(title) + 12);
    const double name = svg_text_width(std::string(cell.workload->name)) * slant;
    head_height_ = std::max(head_height_, name + note_height);
    overhang_ = std::max(overhang_, name);
  }
}

double Matrix::width() const {
  const double cells = left_ + cell_width * static_cast<double>(workloads_.size());
  return std::max(cells + overhang_, least_width);
}

std::string Matrix::draw() {
  std::string body = heads();
  double y = head_height_;
  for (const std::string& setup : setups_) {
    body += row(setup, y);
    y += cell_height;
  }
  body += legend(y + cell_gap);
  y += legend_height;
  body += explanations(y);
  for (std::size_t i = 0; i < reasons_.size(); ++i) {
    y += note_height * static_cast<double>(lines_of(i).size());
  }
  const double height = y + cell_gap;
  return svg_print("<svg class=\"natural\" width=\"%.0f\" height=\"%.0f\" ", width(), height) +
         svg_print("viewBox=\"0 0 %.0f %.0f\" role=\"img\" ", width(), height) + "aria-label=\"" +
         html_of("Cost of each workload under each setup, as a ratio to " + results_.baseline) +
         "\">\n" + body + "</svg>\n";
}

std::string Matrix::heads() const {
  std::string out;
  double x = left_ + cell_width / 2;
  for (const Workload* workload : workloads_) {
    out += svg_print("<text class=\"head\" transform=\"translate(%.1f %.1f) rotate(-45)\">", x,
                     head_height_ - 6) +
           html_of(workload->name) + "</text>\n";
    x += cell_width;
  }
  return out;
}

std::string Matrix::row(const std::string& setup, double y) {
  const double middle = y + cell_height / 2 + 4;
  const char* kind = setup == results_.baseline ? "driver strong" : "driver";
  std::string out = svg_text(kind, {left_ - 8, middle}, setup);
  for (std::size_t i = 0; i < workloads_.size(); ++i) {
    const auto cells = results_.cells_of(*workloads_[i]);
    const auto cell = std::ranges::find_if(
        cells, [&](const Cell* other) { return other->setup.title() == setup; });
    if (cell == cells.end()) continue;
    const Shown what = shown(**cell);
    const double x = left_ + cell_width * static_cast<double>(i);
    out += "<g class=\"cell\">" + svg_title(what.title) +
           svg_print("<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                     what.kind, x, y, cell_width - cell_gap, cell_height - cell_gap) +
           svg_text(what.kind, {x + (cell_width - cell_gap) / 2, middle - 1}, what.text) + "</g>\n";
  }
  return out;
}

Shown Matrix::shown(const Cell& cell) {
  const Workload& workload = *cell.workload;
  const std::string where = cell.setup.title() + ", " + std::string(workload.name) + ": ";
  const auto cost = spread_of(cell, cost_of(workload));
  if (!cost) {
    const std::string& reason = cell.refusal.empty() ? results_.cut_short : cell.refusal;
    return {"none", number_of(reason), where + reason};
  }
  const std::string text = format_cost(workload, cost->median);
  const Cell* baseline = results_.baseline_of(cell);
  const auto ratio =
      baseline == nullptr ? std::nullopt : ratio_of(cell, *baseline, cost_of(workload));
  if (baseline == &cell || !ratio) return {"same", text, where + text};
  return {step_of(ratio->median).kind, format_figure(ratio->median),
          where + text + ", " + format_figure(ratio->median) + " × " + results_.baseline};
}

std::string Matrix::number_of(const std::string& reason) {
  auto found = std::ranges::find(reasons_, reason);
  if (found == reasons_.end()) found = reasons_.insert(reasons_.end(), reason);
  return '(' + std::to_string(found - reasons_.begin() + 1) + ')';
}

std::string Matrix::legend(double y) const {
  constexpr double swatch = 12;
  const double text_y = y + swatch + 2;
  std::string out;
  double x = 0;
  for (const Step& step : ratio_steps) {
    out += svg_print("<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.0f\" height=\"%.0f\"/>\n",
                     step.kind, x, y + 4, swatch, swatch);
    out += svg_text("note", {x + swatch + 4, text_y}, step.name);
    x += swatch + 14 + svg_text_width(step.name);
  }
  return out + svg_text("note", {x, text_y}, "× " + results_.baseline);
}

std::vector<std::string> Matrix::lines_of(std::size_t reason) const {
  const auto columns = static_cast<std::size_t>(width() / svg_text_width("x"));
  return wrap('(' + std::to_string(reason + 1) + ") not measured: " + reasons_[reason], columns);
}

std::string Matrix::explanations(double y) const {
  std::string out;
  for (std::size_t i = 0; i < reasons_.size(); ++i) {
    for (const std::string& line : lines_of(i)) {
      y += note_height;
      out += svg_text("note", {0, y - 4}, line);
    }
  }
  return out;
}

}  // namespace

std::string matrix_chart(const LabResults& results) { return Matrix(results).draw(); }

}  // namespace rota::cli
