#include "reports.hpp"

#include "cli/columns.hpp"
#include "cli/load/monotonic.hpp"
#include "cli/style.hpp"
#include "cost.hpp"
#include "quantity.hpp"

#include <cstdio>
#include <string>

namespace rota::cli {
namespace {

constexpr std::size_t page_columns = 98;

constexpr std::size_t table_widths[] = {17, 9, 16, 7, 9, 9, 9, 9, 9};

std::string latency_text(const Cell& cell, double Sample::* figure) {
  if (cell.workload->latency.empty()) return {};
  const auto spread = spread_of(cell, figure);
  return spread ? format_ns(spread->median) : "–";
}

std::string ratio_text(const LabResults& results, const Cell& cell) {
  const Cell* baseline = results.baseline_of(cell);
  if (baseline == nullptr) return "–";
  const auto ratio = ratio_of(cell, *baseline, cost_of(*cell.workload));
  return ratio ? format_figure(ratio->median) : "–";
}

void print_refusal(const Style& style, const std::string& text) {
  constexpr std::size_t indent = 4;
  for (const std::string& line : wrap(text, page_columns - indent)) {
    std::printf("    %s\n", style.faint(line).c_str());
  }
}

/// What stands where the rate does: what idle connections cost altogether is no rate.
std::string rate_text(const Cell& cell) {
  if (cell.workload->kind == WorkloadKind::idle) {
    return format_percent(spread_of(cell, &Sample::cpu_ns)->median / ns_per_s) + marks_of(cell);
  }
  return format_rate(spread_of(cell, &Sample::operations_per_s)->median) + marks_of(cell);
}

std::string calls_text(const Cell& cell) {
  if (cell.workload->counted == 0) return {};
  return cell.syscalls ? format_figure(cell.syscalls->per_operation) : std::string("n/a");
}

/// The name, or nothing but the name where it is too long for a column.
std::string print_name(const Cell& cell) {
  std::string title = cell.setup.title();
  if (columns_of(title) < table_widths[0]) return title;
  std::printf("  %s\n", title.c_str());
  return {};
}

void print_cell(const Style& style, const LabResults& results, const Cell& cell) {
  const std::string name = print_name(cell);
  const auto cost = spread_of(cell, cost_of(*cell.workload));
  if (!cost) {
    std::printf("  %s%s\n", pad_right(name, table_widths[0]).c_str(),
                style.bad("not measured").c_str());
    print_refusal(style, cell.refusal.empty() ? results.cut_short : cell.refusal);
    return;
  }
  const Workload& workload = *cell.workload;
  const std::string row = table_row(
      table_widths,
      {name, format_cost(workload, cost->median),
       format_cost_range(workload, cost->least, cost->most), ratio_text(results, cell),
       rate_text(cell), latency_text(cell, &Sample::p50_ns), latency_text(cell, &Sample::p99_ns),
       latency_text(cell, &Sample::p999_ns), calls_text(cell)});
  std::printf("%s\n", row.c_str());
  if (!cell.refusal.empty()) print_refusal(style, "a round failed: " + cell.refusal);
  if (!cell.syscalls_refusal.empty()) {
    print_refusal(style, "calls were not counted: " + cell.syscalls_refusal);
  }
}

void print_workload(const Style& style, const LabResults& results, const Workload& workload) {
  std::printf("\n%s\n", style.bold(workload.title).c_str());
  // A longer name is in the notes.
  const bool is_short = columns_of(results.baseline) < table_widths[3] - 1;
  const bool is_idle = workload.kind == WorkloadKind::idle;
  std::vector<std::string> titles{"driver",
                                  is_idle ? "memory" : "CPU/op",
                                  "least–most",
                                  "×" + (is_short ? results.baseline : std::string("base")),
                                  is_idle ? "idle CPU" : "per s",
                                  "p50",
                                  "p99",
                                  "p99.9",
                                  "calls/op"};
  if (workload.latency.empty()) titles[5] = titles[6] = titles[7] = "";
  if (workload.counted == 0) titles[8] = "";
  std::printf("%s\n", style.faint(table_row(table_widths, titles)).c_str());
  for (const Cell* cell : results.cells_of(workload)) print_cell(style, results, *cell);
}

}  // namespace

std::string marks_of(const Cell& cell) {
  return std::string(cell.generator_bound() ? "†" : "") + (cell.disturbed() ? "‡" : "") +
         (cell.warm_after_all() ? "§" : "");
}

std::vector<std::string> reading_notes(const LabResults& results) {
  std::vector<std::string> notes{
      "CPU/op is the processor time of the measured process per operation: the median of the "
      "rounds, and their least and most. Memory is what is resident for each idle connection. "
      "Less is better.",
      "The ratio is that cost divided by the one of " + results.baseline +
          ", the baseline, in the same round: the median of the ratios.",
      "Percentiles are of the round trip (echo), of a connection, of the read, and of how late a "
      "sleep ended; each is the median of the rounds.",
  };
  bool bound = false;
  bool disturbed = false;
  bool cold = false;
  bool warm_after_all = false;
  std::string method;
  for (const Cell& cell : results.cells) {
    bound = bound || cell.generator_bound();
    disturbed = disturbed || cell.disturbed();
    cold = cold || cell.workload->cache == PageCache::cold;
    warm_after_all = warm_after_all || cell.warm_after_all();
    if (cell.syscalls) method = cell.syscalls->method;
  }
  if (!method.empty()) {
    notes.push_back("System calls were counted in a pass of their own, by " + method + ".");
  }
  if (bound) {
    notes.emplace_back(
        "† generator-bound: the load generator's core was busy for 95 % of the time "
        "or more; the server could do more than this rate. Its CPU/op stands.");
  }
  if (disturbed) {
    notes.emplace_back(
        "‡ disturbed: for more than 10 % of the window something else had the CPU "
        "while a measured process was ready to run. Its rate and latency tell "
        "little, its CPU/op less than usual.");
  }
  if (cold) {
    notes.emplace_back(
        "A file is cold when this machine's page cache has none of it, which is checked before "
        "each round; what the device or a host below it keeps cannot be seen from here.");
  }
  if (warm_after_all) {
    notes.emplace_back(
        "§ warm after all: the kernel accounted to the device less than 90 % of what was read, "
        "and the page cache had the rest.");
  }
  if (!results.cut_short.empty()) {
    notes.push_back("Partial results: " + results.cut_short + " before all " +
                    std::to_string(results.rounds_planned) + " rounds were run.");
  }
  return notes;
}

void print_notes(const std::vector<std::string>& notes) {
  const Style style = Style::of(STDOUT_FILENO);
  std::printf("\n");
  for (const std::string& note : notes) {
    for (const std::string& line : wrap(note, page_columns)) {
      std::printf("%s\n", style.faint(line).c_str());
    }
  }
}

void print_configuration(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::printf("\n");
  for (const auto& [name, value] : rows) {
    constexpr std::size_t name_columns = 11;
    const auto lines = wrap(value, page_columns - name_columns);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::printf("%s%s\n", pad_right(i == 0 ? name : "", name_columns).c_str(), lines[i].c_str());
    }
  }
}

void print_table(const LabResults& results) {
  const Style style = Style::of(STDOUT_FILENO);
  for (const Workload* workload : results.workloads()) print_workload(style, results, *workload);
  print_notes(reading_notes(results));
  print_configuration(results.configuration);
}

}  // namespace rota::cli
