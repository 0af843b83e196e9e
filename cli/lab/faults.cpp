#include "faults.hpp"

#include "cli/columns.hpp"
#include "cli/load/interrupt.hpp"
#include "cli/style.hpp"
#include "configuration.hpp"
#include "fault_rounds.hpp"
#include "quantity.hpp"
#include "reports.hpp"
#include "setup.hpp"

#include <rota/capabilities.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>

namespace rota::cli {
namespace {

constexpr std::string_view kDrivers[] = {"epoll", "uring-movable", "uring-sqpoll"};

std::vector<FaultsResult> results_to_be() {
  const std::vector<Capability> capabilities = probe_capabilities();
  std::vector<FaultsResult> results;
  for (const std::string_view name : kDrivers) {
    const DriverChoice& driver = *find_driver(name);
    results.push_back({driver, refusal_of(driver, capabilities), {}, {}});
  }
  return results;
}

std::string row_of(const std::vector<std::string>& fields) {
  constexpr std::size_t widths[] = {20, 14, 14, 14, 10};
  return table_row(widths, fields);
}

void print_report(const std::vector<FaultsResult>& results) {
  const Style style = Style::of(STDOUT_FILENO);
  std::printf("%s\n", style.bold("A page fault beside tasks that wait for a socket").c_str());
  std::printf("%s\n",
              style.faint(row_of({"driver", "late p50", "late max", "fault p50", "rounds"}))
                  .c_str());
  for (const FaultsResult& result : results) {
    const auto late = spread_of(result.late_ns);
    const auto stall = spread_of(result.stall_ns);
    if (!late || !stall || !result.refusal.empty()) {
      const std::string& reason = result.refusal.empty() ? "interrupted" : result.refusal;
      std::printf("  %s%s\n", pad_right(std::string(result.driver.title), 20).c_str(),
                  style.bad("not measured: " + reason).c_str());
      continue;
    }
    std::printf("%s\n", row_of({std::string(result.driver.title), format_ns(late->median),
                                format_ns(late->most), format_ns(stall->median),
                                std::to_string(result.late_ns.size())})
                            .c_str());
  }
}

void write_result(JsonWriter& json, const FaultsResult& result) {
  json.begin_object();
  json.field("driver", result.driver.name);
  json.field("title", result.driver.title);
  json.field("refusal", result.refusal);
  write_spread(json, "late_ns", spread_of(result.late_ns));
  write_spread(json, "fault_ns", spread_of(result.stall_ns));
  json.key("rounds");
  json.begin_array();
  for (const double ns : result.late_ns) json.number(ns);
  json.end_array();
  json.end_object();
}

}  // namespace

int run_faults(const FaultsOptions& options) {
  note_interrupts();
  // Before there is any thread beside this one.
  auto file = SlowFile::make(options.stall_ms);
  if (!file) {
    std::fprintf(stderr, "rota lab faults: %s\n", file.error().c_str());
    return 1;
  }
  std::vector<FaultsResult> results = results_to_be();
  for (FaultsResult& result : results) {
    if (result.refusal.empty() && !interrupted()) run_fault_rounds(options, *file, result);
  }
  auto configuration = describe_machine();
  configuration.emplace_back("Faults", std::to_string(options.stall_ms) + " ms each, of a page of "
                                           "FUSE, " + std::to_string(options.rounds) +
                                           " rounds; 2 workers that steal");
  if (options.format == OutputFormat::json) {
    std::fputs(faults_json(results, configuration).c_str(), stdout);
  } else {
    print_report(results);
    print_notes(faults_in_words(options));
    print_configuration(configuration);
  }
  constexpr int interrupted_status = 128 + SIGINT;
  if (interrupted()) return interrupted_status;
  const auto is_measured = [](const FaultsResult& each) { return !each.late_ns.empty(); };
  return std::ranges::any_of(results, is_measured) ? 0 : 1;
}

std::vector<std::string> faults_in_words(const FaultsOptions& options) {
  return {
      "late is from when a byte is sent to a socket that a task waits for until that task runs, "
      "while another task of the same worker is in a page fault of some " +
          std::to_string(options.stall_ms) +
          " ms. A neighbour looks once a millisecond and turns the worker's driver in its place.",
      "epoll: the kernel's report depends on no thread of the program, so the neighbour finds it.",
      "io_uring movable: the kernel ends an operation in the thread that submitted it. That sleeps "
      "and cannot be interrupted, so the neighbour finds nothing until the fault is over.",
      "io_uring sqpoll: a thread of the kernel's has submitted it, and ends it.",
  };
}

std::string faults_json(const std::vector<FaultsResult>& results,
                        const std::vector<std::pair<std::string, std::string>>& configuration) {
  JsonWriter json;
  json.begin_object();
  write_head(json, configuration);
  json.key("drivers");
  json.begin_array();
  for (const FaultsResult& result : results) write_result(json, result);
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace rota::cli
