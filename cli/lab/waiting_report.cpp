#include "waiting.hpp"

#include "cli/columns.hpp"
#include "cli/style.hpp"
#include "quantity.hpp"
#include "reports.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

namespace rota::cli {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kPageColumns = 96;
constexpr std::size_t kTitleColumns = 18;

std::string waiting_row(const std::vector<std::string>& fields) {
  constexpr std::size_t widths[] = {kTitleColumns, 11, 18, 11, 13, 13};
  return table_row(widths, fields);
}

/// Of a figure of the samples, whatever it is.
template <class Figure>
std::optional<Spread> spread_of(const WaitingCell& cell, Figure figure) {
  std::vector<double> values;
  for (const WaitingSample& sample : cell.samples) values.push_back(figure(sample));
  return rota::cli::spread_of(std::move(values));
}

std::optional<Spread> p50_of(const WaitingCell& cell) {
  return spread_of(cell, [](const WaitingSample& sample) { return sample.talk.p50_ns; });
}
std::optional<Spread> p99_of(const WaitingCell& cell) {
  return spread_of(cell, [](const WaitingSample& sample) { return sample.talk.p99_ns; });
}
std::optional<Spread> cpu_of(const WaitingCell& cell) {
  return spread_of(cell, [](const WaitingSample& sample) { return sample.talk.cpu_ns; });
}
std::optional<Spread> idle_of(const WaitingCell& cell) {
  return spread_of(cell, [](const WaitingSample& sample) { return sample.idle_cpu_share; });
}

void print_cell(const Style& style, const WaitingCell& cell) {
  const std::string title(cell.waiting.title);
  if (!cell.samples.empty()) {
    const auto p50 = p50_of(cell);
    const std::string row =
        waiting_row({title, format_ns(p50->median), format_ns_range(p50->least, p50->most),
                     format_ns(p99_of(cell)->median), format_ns(cpu_of(cell)->median),
                     format_percent(idle_of(cell)->median)});
    std::printf("%s\n", row.c_str());
    return;
  }
  std::string head = title;
  for (const std::string& line : wrap(cell.refusal, kPageColumns - kIndent - kTitleColumns)) {
    std::printf("  %s%s\n", pad_right(std::exchange(head, ""), kTitleColumns).c_str(),
                style.bad(line).c_str());
  }
}

bool is_disturbed(const WaitingCell& cell) {
  return std::ranges::any_of(cell.samples, [](const WaitingSample& sample) {
    return sample.talk.waited_share >= disturbed_share;
  });
}

void write_cell(JsonWriter& json, const WaitingCell& cell) {
  json.begin_object();
  json.field("driver", cell.driver.name);
  json.field("driver_title", cell.driver.title);
  json.field("waiting", cell.waiting.name);
  json.field("refusal", cell.refusal);
  write_spread(json, "round_trip_p50_ns", p50_of(cell));
  write_spread(json, "round_trip_p99_ns", p99_of(cell));
  write_spread(json, "server_cpu_ns_per_request", cpu_of(cell));
  write_spread(json, "idle_cpu_share", idle_of(cell));
  json.key("samples");
  json.begin_array();
  for (const WaitingSample& sample : cell.samples) {
    json.begin_object();
    json.field("round_trip_p50_ns", sample.talk.p50_ns);
    json.field("round_trip_p99_ns", sample.talk.p99_ns);
    json.field("server_cpu_ns_per_request", sample.talk.cpu_ns);
    json.field("idle_cpu_share", sample.idle_cpu_share);
    json.field("waited_share", sample.talk.waited_share);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

}  // namespace

void print_table(const WaitingResults& results) {
  const Style style = Style::of(STDOUT_FILENO);
  if (!results.cut_short.empty())
    std::printf("\nPartial results: %s.\n", results.cut_short.c_str());
  std::string_view driver;
  for (const WaitingCell& cell : results.cells) {
    if (cell.driver.title != driver) {
      driver = cell.driver.title;
      const std::string head =
          waiting_row({"waiting", "round trip", "least–most", "p99", "CPU/request", "idle CPU"});
      std::printf("\n%s\n%s\n", style.bold(driver).c_str(), style.faint(head).c_str());
    }
    print_cell(style, cell);
  }
  std::vector<std::string> notes{
      "round trip is the time of one echo of 64 bytes on the only connection, so that both ends "
      "wait between any two messages: the median of each round, of which the median, the least and "
      "the most stand here. p99 and CPU/request, which is the server's, are medians too.",
      "idle CPU is what the server takes of its CPU afterwards, when nobody talks to it."};
  if (std::ranges::any_of(results.cells, is_disturbed)) {
    notes.emplace_back(
        "In some rounds one of the two ends was ready for a tenth of the time, and "
        "something else had its CPU: measure again on an idle machine.");
  }
  print_notes(notes);
  print_configuration(results.configuration);
}

std::string to_json(const WaitingResults& results) {
  JsonWriter json;
  json.begin_object();
  write_head(json, results.configuration);
  json.field("cut_short", results.cut_short);
  json.key("cells");
  json.begin_array();
  for (const WaitingCell& cell : results.cells) write_cell(json, cell);
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace rota::cli
