#include "lengths.hpp"

#include "cli/columns.hpp"
#include "cli/json_writer.hpp"
#include "cli/style.hpp"
#include "configuration.hpp"
#include "quantity.hpp"
#include "reports.hpp"

#include <cstdio>
#include <filesystem>

namespace rota::cli {
namespace {

constexpr std::size_t longest_shown = 3;

std::vector<Discipline> disciplines(std::uint32_t workers) {
  const auto of = [workers](SchedulerKind kind, std::uint32_t steal_one_us) {
    SchedulerConfig config;
    config.kind = kind;
    config.workers = workers;
    config.steal_one_us = steal_one_us;
    return config;
  };
  const std::uint32_t usual = SchedulerConfig().steal_one_us;
  return {{"one queue, one worker", of(SchedulerKind::single, usual)},
          {"per core, in turn", of(SchedulerKind::per_core, usual)},
          {"stealing half", of(SchedulerKind::stealing, 0)},
          {"stealing one of long", of(SchedulerKind::stealing, usual)}};
}

double ns_of(Duration duration) { return static_cast<double>(duration.ns); }

double delay_ns(const DisciplineFigures& figures, std::size_t length, double share) {
  return static_cast<double>(figures.delay_ns[length].percentile_ns(share));
}

double cpu_per_work(const DisciplineFigures& figures) {
  if (figures.work_ns == 0) return 0;
  return static_cast<double>(figures.cpu_ns) / static_cast<double>(figures.work_ns);
}

std::string site_text(const std::source_location& site) {
  const std::string file = std::filesystem::path(site.file_name()).filename();
  return file.empty() ? "the runtime itself" : file + ":" + std::to_string(site.line());
}

std::string lengths_row(const std::vector<std::string>& fields) {
  constexpr std::size_t widths[] = {26, 9, 10, 10, 10, 12, 10};
  return table_row(widths, fields);
}

void print_delays(const Style& style, const std::vector<DisciplineResult>& results) {
  for (std::size_t length = 0; length < task_lengths_mixed.size(); ++length) {
    const TaskLength& kind = task_lengths_mixed[length];
    const std::string title = std::string(kind.name) + " tasks, of " +
                              format_ns(static_cast<double>(kind.run_ns)) + ": the wait to run";
    std::printf("\n%s\n%s\n", style.bold(title).c_str(),
                style.faint(lengths_row({"", "p50", "p99", "p99.9", "tasks"})).c_str());
    for (const auto& [discipline, figures] : results) {
      std::printf("%s\n", lengths_row({discipline.name, format_ns(delay_ns(figures, length, 0.5)),
                                       format_ns(delay_ns(figures, length, 0.99)),
                                       format_ns(delay_ns(figures, length, 0.999)),
                                       std::to_string(figures.delay_ns[length].count())})
                              .c_str());
    }
  }
  std::printf("\n%s\n%s\n", style.bold("all tasks").c_str(),
              style.faint(lengths_row({"", "CPU", "CPU/work", "thefts"})).c_str());
  for (const auto& [discipline, figures] : results) {
    std::printf("%s\n",
                lengths_row({discipline.name, format_ns(static_cast<double>(figures.cpu_ns)),
                             format_figure(cpu_per_work(figures)), std::to_string(figures.thefts)})
                    .c_str());
  }
}

void print_own_account(const Style& style, const DisciplineResult& result) {
  const auto& [discipline, figures] = result;
  const std::string title = std::string("What Rota says itself: ") + discipline.name;
  std::printf(
      "\n%s\n%s\n", style.bold(title).c_str(),
      style.faint(lengths_row({"spawned at", "runs", "run p50", "p99", "max", "queued p50", "p99"}))
          .c_str());
  for (const KindLengths& kind : figures.lengths.kinds) {
    const auto queued = [&kind](Duration delay) {
      return kind.samples == 0 ? std::string("–") : format_ns(ns_of(delay));
    };
    const std::string name = kind.name.empty() ? "" : pad_right(kind.name, 7);
    std::printf("%s\n", lengths_row({name + site_text(kind.site), std::to_string(kind.runs),
                                     format_ns(ns_of(kind.run.p50)), format_ns(ns_of(kind.run.p99)),
                                     format_ns(ns_of(kind.run.max)), queued(kind.queued.p50),
                                     queued(kind.queued.p99)})
                            .c_str());
  }
  std::size_t shown = 0;
  for (const LongSlice& slice : figures.lengths.longest) {
    if (shown++ == longest_shown) break;
    const std::string among =
        slice.among == 1 ? "" : ", one of " + std::to_string(slice.among) + " runs";
    std::printf("  longest: %s by %s, %s, on worker %zu%s\n",
                format_ns(ns_of(slice.length)).c_str(), slice.name.c_str(),
                site_text(slice.site).c_str(), slice.worker, among.c_str());
  }
}

/// "4.2 times less than", for two spans of time.
std::string compared(double ns, double to_ns) {
  if (ns <= 0 || to_ns <= 0) return "not to be compared with";
  if (ns < to_ns / 1.1) return format_figure(to_ns / ns) + " times less than";
  if (ns > to_ns * 1.1) return format_figure(ns / to_ns) + " times more than";
  return "about as long as";
}

void write_spread(JsonWriter& json, const char* name, const LengthSpread& spread) {
  json.key(name);
  json.begin_object();
  json.field("p50_ns", ns_of(spread.p50));
  json.field("p99_ns", ns_of(spread.p99));
  json.field("p99.9_ns", ns_of(spread.p999));
  json.field("max_ns", ns_of(spread.max));
  json.end_object();
}

void write_runs(JsonWriter& json, const RunLengths& lengths) {
  json.field("runs", static_cast<double>(lengths.runs));
  json.field("total_ns", ns_of(lengths.total));
  write_spread(json, "run", lengths.run);
  write_spread(json, "queued", lengths.queued);
  json.field("queued_samples", static_cast<double>(lengths.samples));
}

void write_own_account(JsonWriter& json, const TaskLengths& lengths) {
  json.key("kinds");
  json.begin_array();
  for (const KindLengths& kind : lengths.kinds) {
    json.begin_object();
    json.field("name", kind.name);
    json.field("site", site_text(kind.site));
    write_runs(json, kind);
    json.end_object();
  }
  json.end_array();
  json.key("workers");
  json.begin_array();
  for (const WorkerLengths& worker : lengths.workers) {
    json.begin_object();
    write_runs(json, worker);
    json.field("average_run_ns", ns_of(worker.average_run));
    json.end_object();
  }
  json.end_array();
  json.key("longest");
  json.begin_array();
  for (const LongSlice& slice : lengths.longest) {
    json.begin_object();
    json.field("name", slice.name);
    json.field("site", site_text(slice.site));
    json.field("ns", ns_of(slice.length));
    json.field("among_runs", static_cast<double>(slice.among));
    json.field("worker", static_cast<double>(slice.worker));
    json.end_object();
  }
  json.end_array();
}

void write_discipline(JsonWriter& json, const DisciplineResult& result) {
  const auto& [discipline, figures] = result;
  json.begin_object();
  json.field("name", discipline.name);
  json.field("tasks", static_cast<double>(figures.tasks));
  json.field("cpu_ns", static_cast<double>(figures.cpu_ns));
  json.field("work_ns", static_cast<double>(figures.work_ns));
  json.field("thefts", static_cast<double>(figures.thefts));
  json.key("lengths");
  json.begin_array();
  for (std::size_t length = 0; length < task_lengths_mixed.size(); ++length) {
    json.begin_object();
    json.field("name", task_lengths_mixed[length].name);
    json.field("run_ns", static_cast<double>(task_lengths_mixed[length].run_ns));
    json.field("tasks", static_cast<double>(figures.delay_ns[length].count()));
    json.field("delay_p50_ns", delay_ns(figures, length, 0.5));
    json.field("delay_p99_ns", delay_ns(figures, length, 0.99));
    json.field("delay_p99.9_ns", delay_ns(figures, length, 0.999));
    json.end_object();
  }
  json.end_array();
  write_own_account(json, figures.lengths);
  json.end_object();
}

}  // namespace

int run_lengths(const LengthsOptions& options) {
  const ArrivalPlan plan = ArrivalPlan::make(options.seconds, options.seed);
  std::vector<DisciplineResult> results;
  for (const Discipline& each : disciplines(options.workers))
    results.emplace_back(each, DisciplineFigures());
  for (unsigned round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < results.size(); ++i) {
      auto& [discipline, figures] = results[(round + i) % results.size()];
      if (const auto ran = run_mixed_lengths(plan, discipline, figures); !ran) {
        std::fprintf(stderr, "rota lab lengths: %s: %s\n", discipline.name, ran.error().c_str());
        return 1;
      }
    }
  }
  auto configuration = describe_machine();
  configuration.emplace_back("Workers",
                             std::to_string(options.workers) + " where there are several");
  configuration.emplace_back("Arrivals", std::to_string(plan.arrivals.size()) + " tasks in " +
                                             format_figure(options.seconds) + " s, seed " +
                                             std::to_string(options.seed) + ", the same for all; " +
                                             std::to_string(options.rounds) +
                                             " rounds, interleaved, the order rotated");
  if (options.format == OutputFormat::json) {
    std::fputs(lengths_json(results, configuration).c_str(), stdout);
    return 0;
  }
  const Style style = Style::of(STDOUT_FILENO);
  print_delays(style, results);
  print_own_account(style, results.back());
  print_notes(lengths_in_words(results));
  print_configuration(configuration);
  return 0;
}

std::vector<std::string> lengths_in_words(const std::vector<DisciplineResult>& results) {
  const auto short_p99 = [&results](std::size_t which) {
    return delay_ns(results[which].second, 0, 0.99);
  };
  const std::string seen = " Seen here: they wait ";
  std::vector<std::string> words{
      "The wait is from the spawn, on another thread, until the task runs. CPU is that of the "
      "workers; CPU/work divides it by what the tasks ask for, which spin until their time is "
      "over.",
      "One queue, one worker: a short task waits behind whatever came before it." + seen +
          format_ns(short_p99(0)) + " at p99, to run for " +
          format_ns(static_cast<double>(task_lengths_mixed[0].run_ns)) + ".",
      "Per core, in turn: each worker has less to do, but what stands behind a long task stays "
      "there while another worker is idle." +
          seen + compared(short_p99(1), short_p99(0)) + " in one queue.",
      "Stealing: an idle worker takes what stands behind a long task." + seen +
          compared(short_p99(2), short_p99(1)) + " per core.",
      "Stealing one of long: half of a queue may come to stand behind a long task again, one task "
      "never does." +
          seen + compared(short_p99(3), short_p99(2)) + " where half is stolen.",
  };
  for (const auto& [discipline, figures] : results) {
    if (cpu_per_work(figures) > 0.95) continue;
    words.push_back(
        "The tasks did not have their CPU all the time (CPU/work is below 0.95): other "
        "processes ran, and these figures are about them as well.");
    break;
  }
  return words;
}

std::string lengths_json(const std::vector<DisciplineResult>& results,
                         const std::vector<std::pair<std::string, std::string>>& configuration) {
  JsonWriter json;
  json.begin_object();
  write_head(json, configuration);
  json.key("disciplines");
  json.begin_array();
  for (const DisciplineResult& result : results) write_discipline(json, result);
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace rota::cli
