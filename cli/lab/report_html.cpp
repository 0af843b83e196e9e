#include "reports.hpp"

#include "charts.hpp"
#include "cli/load/monotonic.hpp"
#include "cost.hpp"
#include "html_text.hpp"
#include "matrix_chart.hpp"
#include "page_style.hpp"
#include "quantity.hpp"
#include "throughput_chart.hpp"

#include <cctype>
#include <cstdio>

namespace rota::cli {
namespace {

std::string element(const char* name, const std::string& inner) {
  return std::string("<") + name + '>' + inner + "</" + name + ">\n";
}

std::string figure(const std::string& caption, const std::string& picture) {
  if (picture.empty()) return {};
  return element("figure", element("figcaption", html_of(caption)) + picture);
}

std::string table_cell(const std::string& text) { return element("td", html_of(text)); }

std::string median_text(const Cell& cell, double Sample::* value) {
  const auto spread = spread_of(cell, value);
  return spread ? format_ns(spread->median) : std::string("–");
}

std::string head_of(const LabResults& results, const Workload& workload) {
  std::string row;
  const auto add = [&](const std::string& title) {
    row += "<th scope=\"col\">" + html_of(title) + "</th>\n";
  };
  add("driver");
  add(cost_title(workload));
  add("least–most");
  add("× " + results.baseline);
  add(workload.kind == WorkloadKind::idle ? "idle CPU" : "per second");
  if (!workload.latency.empty()) {
    add(std::string(workload.latency) + " p50");
    add("p99");
    add("p99.9");
  }
  if (workload.counted > 0) add("system calls");
  return element("thead", element("tr", row));
}

std::string reason_row(const std::string& driver, const std::string& reason) {
  return element("tr", "<th scope=\"row\">" + html_of(driver) +
                           "</th><td class=\"reason\" colspan=\"8\">" + html_of(reason) + "</td>");
}

/// What idle connections cost altogether is no rate.
std::string rate_text(const Cell& cell) {
  if (cell.workload->kind == WorkloadKind::idle) {
    return format_percent(spread_of(cell, &Sample::cpu_ns)->median / ns_per_s);
  }
  return format_rate(spread_of(cell, &Sample::operations_per_s)->median);
}

std::string calls_text(const Cell& cell) {
  return cell.syscalls ? format_figure(cell.syscalls->per_operation) : std::string("n/a");
}

std::string html_row(const LabResults& results, const Cell& cell) {
  const std::string driver = cell.setup.title();
  const Workload& workload = *cell.workload;
  const auto cost = spread_of(cell, cost_of(workload));
  if (!cost) {
    const std::string& reason = cell.refusal.empty() ? results.cut_short : cell.refusal;
    return reason_row(driver, "not measured: " + reason);
  }
  std::string row = "<th scope=\"row\">" + html_of(driver) + "</th>\n";
  row += table_cell(format_cost(workload, cost->median));
  row += "<td class=\"spread\">" + format_cost_range(workload, cost->least, cost->most) + "</td>\n";
  const Cell* baseline = results.baseline_of(cell);
  const auto ratio =
      baseline == nullptr ? std::nullopt : ratio_of(cell, *baseline, cost_of(workload));
  row += table_cell(ratio ? format_figure(ratio->median) : "–");
  row += table_cell(rate_text(cell) + ' ' + marks_of(cell));
  if (!cell.workload->latency.empty()) {
    row += table_cell(median_text(cell, &Sample::p50_ns));
    row += table_cell(median_text(cell, &Sample::p99_ns));
    row += table_cell(median_text(cell, &Sample::p999_ns));
  }
  if (workload.counted > 0) row += table_cell(calls_text(cell));
  std::string out = element("tr", row);
  if (!cell.refusal.empty()) out += reason_row("", "a round failed: " + cell.refusal);
  if (!cell.syscalls_refusal.empty()) {
    out += reason_row("", "system calls were not counted: " + cell.syscalls_refusal);
  }
  return out;
}

std::string table_of(const LabResults& results, const Workload& workload) {
  std::string rows;
  for (const Cell* cell : results.cells_of(workload)) rows += html_row(results, *cell);
  return "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Figures\">\n" +
         element("table", element("caption", html_of(workload.title)) + head_of(results, workload) +
                              element("tbody", rows)) +
         "</div>\n";
}

std::string section_of(const LabResults& results, const Workload& workload) {
  const auto cells = results.cells_of(workload);
  std::string latency = "Latency";
  if (!workload.latency.empty()) latency = std::string(workload.latency);
  latency.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(latency.front())));
  std::string inner = element("h2", html_of(workload.title));
  inner += "<p class=\"about\">" + html_of(workload.description) + "</p>\n";
  inner += "<div class=\"pictures\">\n" +
           figure(cost_title(workload) + ": median, and least to most of the rounds",
                  cost_chart(cells)) +
           figure(latency + ", logarithmic: ● p50, ○ p99, | p99.9", latency_chart(cells)) +
           "</div>\n";
  inner += table_of(results, workload);
  return element("section", inner);
}

std::string matrix_section(const LabResults& results) {
  std::string inner = element("h2", html_of("Everything, relative to " + results.baseline));
  inner += "<p class=\"about\">" +
           html_of("CPU time per operation, or memory per idle connection, divided by that of " +
                   results.baseline + ", whose own row has the figures themselves.") +
           "</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Matrix\">\n" +
           matrix_chart(results) + "</div>\n";
  return element("section", inner);
}

std::string throughput_section(const LabResults& results) {
  std::string pictures;
  for (const Workload* workload : results.workloads()) {
    pictures += figure(std::string(workload->title),
                       throughput_chart(results.cells_of(*workload), results.baseline));
  }
  if (pictures.empty()) return {};
  return element("section",
                 element("h2", "Throughput against p99") +
                     "<p class=\"about\">A mark for each setup: the further right and down the "
                     "better. Filled: " +
                     html_of(results.baseline) +
                     ". Medians of the rounds; the axis of latency is logarithmic.</p>\n"
                     "<div class=\"pictures\">\n" +
                     pictures + "</div>\n");
}

std::string notes_section(const LabResults& results) {
  std::string notes;
  for (const std::string& note : reading_notes(results)) notes += element("li", html_of(note));
  notes += element("li",
                   "A coloured bar is a driver whose dearest round was below every round of "
                   "every other. Where there is none, the rounds overlap.");
  return element("section", element("h2", "How to read this") + element("ul", notes));
}

std::string configuration_section(const LabResults& results) {
  std::string rows;
  for (const auto& [name, value] : results.configuration) {
    rows += element("dt", html_of(name)) + element("dd", html_of(value));
  }
  char taken[64];
  std::snprintf(taken, sizeof taken, "%.0f s", results.seconds_taken);
  rows += element("dt", "Taken") + element("dd", taken);
  return element("section", element("h2", "Configuration") + element("dl", rows));
}

}  // namespace

std::string to_html(const LabResults& results) {
  std::string body = element("h1", "Rota lab");
  body +=
      "<p class=\"lede\">The same programs under every way in which this machine lets a task "
      "wait: what each costs.</p>\n";
  if (!results.cut_short.empty()) {
    body += "<p class=\"partial\">These are partial results: " + html_of(results.cut_short) +
            " before all " + std::to_string(results.rounds_planned) + " rounds were run.</p>\n";
  }
  body += matrix_section(results);
  body += throughput_section(results);
  for (const Workload* workload : results.workloads()) body += section_of(results, *workload);
  body += notes_section(results);
  body += configuration_section(results);
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<title>Rota lab</title>\n<style>" +
         std::string(page_style) + "</style>\n</head>\n<body>\n" + element("main", body) +
         "</body>\n</html>\n";
}

}  // namespace rota::cli
