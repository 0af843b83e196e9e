#include "contention.hpp"

#include "cli/columns.hpp"
#include "cli/style.hpp"
#include "configuration.hpp"
#include "quantity.hpp"
#include "reports.hpp"

#include <algorithm>
#include <cstdio>

namespace rota::cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

std::optional<Spread> cost_of(const ContentionCase& layout) {
  std::vector<double> values;
  for (const auto& round : layout.ns_per_operation) {
    if (round) values.push_back(*round);
  }
  return spread_of(std::move(values));
}

std::string contention_row(const std::vector<std::string>& fields) {
  constexpr std::size_t widths[] = {20, 12, 18, 12, 10};
  return table_row(widths, fields);
}

void print_layout(const Style& style, const ContentionReport& report,
                  const ContentionCase& layout) {
  const auto cost = cost_of(layout);
  if (!cost) {
    std::printf("  %s%s\n", pad_right(layout.layout, 20).c_str(),
                style.bad("not measured: both CPUs were hardly ever free at once").c_str());
    return;
  }
  const auto ratio = ratio_to_padded(report, layout);
  std::printf("%s\n", contention_row({layout.layout, format_ns(cost->median),
                                      format_ns_range(cost->least, cost->most),
                                      ratio ? format_figure(ratio->median) : "–",
                                      format_percent(layout.counted_share)})
                          .c_str());
}

void print_report(const ContentionReport& report, const Rows& configuration) {
  const Style style = Style::of(STDOUT_FILENO);
  const std::string* structure = nullptr;
  for (const ContentionCase& layout : report.cases) {
    if (structure == nullptr || *structure != layout.structure) {
      structure = &layout.structure;
      std::printf(
          "\n%s\n%s\n", style.bold(*structure).c_str(),
          style.faint(contention_row({"layout", "time/op", "least–most", "×padded", "counted"}))
              .c_str());
    }
    print_layout(style, report, layout);
  }
  print_notes({
      "time/op is what one operation of the measured thread took while the other one worked beside "
      "it: the median of the rounds, and their least and most. Less is better.",
      "×padded is that time divided by the one with 128 bytes of padding in the same round: the "
      "median of the ratios.",
      "counted is the share of the windows in which both threads worked for 80 % of the time. The "
      "others are left out: there was no contention in them.",
  });
  print_configuration(configuration);
}

void write_layout(JsonWriter& json, const ContentionReport& report, const ContentionCase& layout) {
  json.begin_object();
  json.field("structure", layout.structure);
  json.field("layout", layout.layout);
  json.key("padded");
  json.truth(layout.padded);
  write_spread(json, "ns_per_operation", cost_of(layout));
  write_spread(json, "ratio_to_padded", ratio_to_padded(report, layout));
  json.field("counted_share", layout.counted_share);
  json.key("rounds");
  json.begin_array();
  for (const auto& round : layout.ns_per_operation) round ? json.number(*round) : json.null();
  json.end_array();
  json.end_object();
}

}  // namespace

int run_contention(unsigned rounds, OutputFormat format) {
  const auto report = measure_contention(rounds);
  if (!report) {
    std::fprintf(stderr, "rota lab contention: %s\n", report.error().c_str());
    return 1;
  }
  Rows configuration = describe_machine();
  configuration.emplace_back("Rounds", std::to_string(rounds) + ", interleaved");
  configuration.emplace_back("Placement", report->where);
  if (format == OutputFormat::json) {
    std::fputs(to_json(*report, configuration).c_str(), stdout);
  } else {
    print_report(*report, configuration);
  }
  const bool complete = std::ranges::all_of(
      report->cases, [](const ContentionCase& layout) { return cost_of(layout).has_value(); });
  return complete ? 0 : 1;
}

std::optional<Spread> ratio_to_padded(const ContentionReport& report,
                                      const ContentionCase& layout) {
  const auto padded = std::ranges::find_if(report.cases, [&](const ContentionCase& other) {
    return other.padded && other.structure == layout.structure;
  });
  if (padded == report.cases.end()) return std::nullopt;
  std::vector<double> ratios;
  for (std::size_t round = 0; round < layout.ns_per_operation.size(); ++round) {
    const auto& cost = layout.ns_per_operation[round];
    const auto& base = padded->ns_per_operation[round];
    if (cost && base && *base > 0) ratios.push_back(*cost / *base);
  }
  return spread_of(std::move(ratios));
}

std::string to_json(const ContentionReport& report, const Rows& configuration) {
  JsonWriter json;
  json.begin_object();
  write_head(json, configuration);
  json.key("cases");
  json.begin_array();
  for (const ContentionCase& layout : report.cases) write_layout(json, report, layout);
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace rota::cli
