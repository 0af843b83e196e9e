#include "reports.hpp"

#include "cost.hpp"

namespace rota::cli {
namespace {

void write_summary(JsonWriter& json, const LabResults& results, const Cell& cell) {
  if (cell.workload->kind == WorkloadKind::idle) {
    write_spread(json, "resident_bytes_per_connection", spread_of(cell, &Sample::resident_bytes));
    write_spread(json, "cpu_ns_per_second", spread_of(cell, &Sample::cpu_ns));
  } else {
    write_spread(json, "cpu_ns_per_operation", spread_of(cell, &Sample::cpu_ns));
  }
  const Workload& workload = *cell.workload;
  const Cell* baseline = results.baseline_of(cell);
  write_spread(json, "ratio_to_baseline",
               baseline == nullptr ? std::nullopt : ratio_of(cell, *baseline, cost_of(workload)));
  if (workload.kind == WorkloadKind::idle) return;
  write_spread(json, "operations_per_s", spread_of(cell, &Sample::operations_per_s));
  if (!cell.workload->latency.empty()) {
    write_spread(json, "p50_ns", spread_of(cell, &Sample::p50_ns));
    write_spread(json, "p99_ns", spread_of(cell, &Sample::p99_ns));
    write_spread(json, "p99.9_ns", spread_of(cell, &Sample::p999_ns));
  }
  json.key("generator_bound");
  json.truth(cell.generator_bound());
  json.key("disturbed");
  json.truth(cell.disturbed());
  json.key("system_calls_per_operation");
  if (cell.syscalls) {
    json.number(cell.syscalls->per_operation);
    json.field("system_calls_counted_by", cell.syscalls->method);
  } else {
    json.null();
    json.field("system_calls_not_counted", cell.syscalls_refusal);
  }
}

void write_samples(JsonWriter& json, const Cell& cell) {
  json.key("samples");
  json.begin_array();
  for (const Sample& sample : cell.samples) {
    json.begin_object();
    json.key("round");
    json.whole(sample.round);
    if (cell.workload->kind == WorkloadKind::idle) {
      json.field("resident_bytes_per_connection", sample.resident_bytes);
      json.field("cpu_ns_per_second", sample.cpu_ns);
    } else {
      json.field("operations_per_s", sample.operations_per_s);
      json.field("cpu_ns_per_operation", sample.cpu_ns);
    }
    if (!cell.workload->latency.empty()) {
      json.field("p50_ns", sample.p50_ns);
      json.field("p99_ns", sample.p99_ns);
      json.field("p99.9_ns", sample.p999_ns);
    }
    json.field("waited_share", sample.waited_share);
    if (sample.device_share) json.field("device_read_share", *sample.device_share);
    if (sample.generator_busy) json.field("generator_busy", *sample.generator_busy);
    json.end_object();
  }
  json.end_array();
}

void write_cell(JsonWriter& json, const LabResults& results, const Cell& cell) {
  json.begin_object();
  json.field("workload", cell.workload->name);
  json.field("title", cell.workload->title);
  json.field("setup", cell.setup.name());
  json.field("driver", cell.setup.driver.name);
  json.field("driver_title", cell.setup.driver.title);
  json.field("files", cell.setup.files.name);
  json.field("waiting", cell.setup.waiting.name);
  json.field("refusal", cell.refusal);
  write_summary(json, results, cell);
  write_samples(json, cell);
  json.end_object();
}

}  // namespace

void write_spread(JsonWriter& json, const char* name, const std::optional<Spread>& spread) {
  json.key(name);
  if (!spread) return json.null();
  json.begin_object();
  json.field("median", spread->median);
  json.field("least", spread->least);
  json.field("most", spread->most);
  json.end_object();
}

void write_head(JsonWriter& json,
                const std::vector<std::pair<std::string, std::string>>& configuration) {
  json.field("rota", ROTA_VERSION);
  json.key("configuration");
  json.begin_object();
  for (const auto& [name, value] : configuration) json.field(name, value);
  json.end_object();
}

std::string to_json(const LabResults& results) {
  JsonWriter json;
  json.begin_object();
  write_head(json, results.configuration);
  json.field("baseline", results.baseline);
  json.key("rounds_planned");
  json.whole(results.rounds_planned);
  json.field("cut_short", results.cut_short);
  json.field("seconds_taken", results.seconds_taken);
  json.key("cells");
  json.begin_array();
  for (const Cell& cell : results.cells) write_cell(json, results, cell);
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace rota::cli
