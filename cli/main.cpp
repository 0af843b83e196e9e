// The command line of `rota`: what is asked for, checked, and handed on. Nobody else sees CLI11, by
// itself or by argument_checks.hpp.

#include "argument_checks.hpp"
#include "choice_names.hpp"
#include "doctor.hpp"
#include "driver_choice.hpp"
#include "lab/cell.hpp"
#include "lab/contention.hpp"
#include "lab/lab.hpp"
#include "lab/lengths.hpp"
#include "lab/waiting.hpp"
#include "load/interrupt.hpp"
#include "load/load.hpp"
#include "standard_streams.hpp"
#include "waiting_choice.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace rota::cli {
namespace {

constexpr int status_bad_arguments = 2;
constexpr int status_interrupted = 128 + SIGINT;

constexpr const char* about =
    "Rota runs concurrent programs on one machine: it decides which task runs, and what happens\n"
    "while a task waits, under a driver that is one line of configuration.\n";

constexpr const char* examples =
    "\nExamples:\n"
    "  rota lab --quick                          echo, files and timers under every driver\n"
    "  rota lab --only echo --drivers epoll,uring --rounds 9\n"
    "  rota lab contention                       what a shared cache line costs\n"
    "  rota lab lengths                          how long tasks delay short ones\n"
    "  rota lab waiting                          what blocking, spinning and polling cost\n"
    "  rota doctor                               what may be used here, what Rota would choose\n"
    "\n`rota COMMAND --help` explains a command. Exit status: 0 done, 1 failed, 2 bad arguments.\n";

constexpr double most_ms = 24 * 3600 * 1000.0;
constexpr double most_cpus = 1023;

/// What the parser fills. Lives as long as the parser.
struct Arguments {
  LabOptions lab;
  bool lab_quick = false;
  bool lab_json = false;
  std::vector<std::string> lab_drivers;
  unsigned lab_rounds = 0;
  double lab_seconds = 0;

  unsigned contention_rounds = 9;
  bool contention_json = false;

  LengthsOptions lengths;
  bool lengths_json = false;

  WaitingOptions waiting;
  std::vector<std::string> waiting_drivers;
  bool waiting_json = false;

  bool doctor_json = false;

  LoadOptions load;
  unsigned load_cpu = 0;
  pid_t load_server = 0;
  int load_events = 0;

  CellOptions cell;
  std::string cell_workload;
  std::string cell_driver = "best";
  std::string cell_waiting = "block";
};

void add_drivers(CLI::App& command, std::vector<std::string>& drivers) {
  command
      .add_option("--drivers", drivers,
                  "comma-separated: " + joined(names_of(measured_drivers)) +
                      "\n(all); with another engine for files than they choose:\n" +
                      joined(names_of(drivers_with_engines)))
      ->type_name("LIST")
      ->delimiter(',')
      ->check(one_of(driver_names()));
}

CLI::App* add_lab(CLI::App& app, Arguments& arguments) {
  CLI::App* lab = app.add_subcommand("lab", "measure real work under every driver; table and page");
  lab->add_flag("--quick", arguments.lab_quick, "three short rounds: under a minute");
  lab->add_option("--only", arguments.lab.only,
                  "one of the workloads below, or a family: echo, files, timers")
      ->type_name("WORKLOAD")
      ->check(one_of(workload_names()));
  add_drivers(*lab, arguments.lab_drivers);
  lab->add_option("--rounds", arguments.lab_rounds, "every driver runs once per round (7)")
      ->type_name("N")
      ->check(within(1, 1000));
  lab->add_option("--seconds", arguments.lab_seconds, "measured window of one cell (1)")
      ->type_name("S")
      ->check(within(0.01, 3600));
  lab->add_option("--out", arguments.lab.out, "folder of index.html and results.json (out/lab)")
      ->type_name("DIR");
  lab->add_flag("--json", arguments.lab_json, "print results.json instead of the table");
  std::string named = "\nWorkloads:\n";
  for (const Workload& workload : workloads) {
    std::string name(workload.name);
    name.resize(11, ' ');
    named += "  " + name + std::string(workload.title) + '\n';
  }
  lab->footer(
      named +
      "\nEach cell is a fresh process pinned to one CPU; the load generator of the echo runs on\n"
      "another. Ctrl-C ends the lab and shows what was measured until then.\n\n"
      "Example: rota lab --only timers --rounds 3 --seconds 0.5");
  return lab;
}

CLI::App* add_contention(CLI::App& lab, Arguments& arguments) {
  CLI::App* contention =
      lab.add_subcommand("contention", "what it costs when two threads write to one cache line");
  contention
      ->add_option("--rounds", arguments.contention_rounds, "every layout runs once in each (9)")
      ->check(within(1, 1000));
  contention->add_flag("--json", arguments.contention_json, "the same figures for programs");
  contention->footer(
      "\nA line has one writer at a time: two CPUs that write to neighbouring words send it back\n"
      "and forth, although neither reads what the other wrote. Two pinned threads do so with a\n"
      "counter, with two counters at several distances, and with Rota's own structures, their\n"
      "padding switched off and on.\n\n"
      "The threads work in windows of 20 µs, and only windows count in which both worked for\n"
      "80 % of the time: a thread that waits for its CPU contends with nobody. It takes a second\n"
      "or two on an idle machine.\n\n"
      "Example: rota lab contention --rounds 20");
  return contention;
}

CLI::App* add_lengths(CLI::App& lab, Arguments& arguments) {
  LengthsOptions& options = arguments.lengths;
  CLI::App* lengths =
      lab.add_subcommand("lengths", "how queues and stealing treat short tasks among long ones");
  lengths->add_option("--workers", options.workers, "where there are several (2)")
      ->check(within(1, most_workers));
  lengths->add_option("--rounds", options.rounds, "every discipline runs once in each (3)")
      ->check(within(1, 1000));
  lengths->add_option("--seconds", options.seconds, "of arrivals in one round (1)")
      ->check(within(0.01, 3600));
  lengths->add_option("--seed", options.seed, "of the arrivals (1)")->check(within(0, 1e15));
  lengths->add_flag("--json", arguments.lengths_json, "the same figures for programs");
  lengths->footer(
      "\nTasks of 2 µs, 50 µs and 5 ms arrive at random and keep one CPU busy for 60 %: 98 of a\n"
      "hundred are short, and most of the time goes to the one of a thousand that is long. They\n"
      "are spawned by a thread of its own and wait in one queue; on workers that take them in\n"
      "turn; on workers that steal half of a queue; and on workers that steal one task at a time\n"
      "from a queue whose tasks are long. What each runtime says of the lengths of its tasks\n"
      "(Runtime::task_lengths) is shown for the last.\n\n"
      "Example: rota lab lengths --workers 4 --rounds 9");
  return lengths;
}

CLI::App* add_waiting(CLI::App& lab, Arguments& arguments) {
  WaitingOptions& options = arguments.waiting;
  CLI::App* waiting =
      lab.add_subcommand("waiting", "blocking, spinning and polling: what each gains and costs");
  add_drivers(*waiting, arguments.waiting_drivers);
  waiting->add_option("--rounds", options.rounds, "every cell runs once in each (5)")
      ->type_name("N")
      ->check(within(1, 1000));
  waiting
      ->add_option("--seconds", options.seconds, "of talk per cell, and as long of silence (0.5)")
      ->type_name("S")
      ->check(within(0.01, 3600));
  waiting->add_option("--spin-us", options.spin_us, "how long a spin is at most (50)")
      ->type_name("N")
      ->check(within(1, 1e6));
  waiting->add_flag("--json", arguments.waiting_json, "the same figures for programs");
  waiting->footer(
      "\nAn echo server on one CPU answers a single connection from another: whoever waits for a\n"
      "message sleeps at once, spins for a while and then sleeps, or never sleeps. Then nobody\n"
      "talks to it for as long, which shows what waiting costs.\n\n"
      "Example: rota lab waiting --drivers epoll,uring --rounds 9");
  return waiting;
}

CLI::App* add_doctor(CLI::App& app, Arguments& arguments) {
  CLI::App* doctor =
      app.add_subcommand("doctor", "what this kernel and process may use, and what Rota chooses");
  doctor->add_flag("--json", arguments.doctor_json, "the same facts for programs");
  doctor->footer(
      "\nEvery fact is found by asking the kernel for the thing itself; no version is read.");
  return doctor;
}

CLI::App* add_load(CLI::App& app, Arguments& arguments) {
  LoadOptions& options = arguments.load;
  constexpr double most_bytes = 1U << 30U;
  CLI::App* load = app.add_subcommand("load", "drive an echo server on 127.0.0.1 and report");
  load->add_option("--port", options.port, "where it listens")->required()->check(within(1, 65535));
  load->add_option("--connections", options.connections, "TCP connections (1)")
      ->check(within(1, 1e6));
  load->add_option("--size", options.message_bytes, "bytes per message (64)")
      ->check(within(1, most_bytes));
  load->add_option("--depth", options.depth, "messages under way per connection (1)")
      ->check(within(1, 65536));
  load->add_option("--duration", options.duration_ms, "measured window in ms (1000)")
      ->check(within(1, most_ms));
  load->add_option("--warm-up", options.warm_up_ms, "before the window, in ms (200)")
      ->check(within(0, most_ms));
  load->add_option("--requests", options.requests, "so many messages instead of a window")
      ->check(within(1, 1e15));
  load->add_option("--pin", arguments.load_cpu, "run on this CPU")->check(within(0, most_cpus));
  load->add_option("--server-pid", arguments.load_server, "report that process's CPU time")
      ->check(within(1, 1 << 22));
  load->add_flag("--gated", options.gated, "once connected, wait for a line on stdin");
  load->add_option("--events-fd", arguments.load_events,
                   "write the lines ready, begin and end there (with --gated: 2)")
      ->check(within(0, 1 << 20));
  load->footer(
      "\nPrints one line of JSON. The exit status is 1 when an echo was lost or wrong.\n"
      "Ctrl-C ends the window early; what was measured until then is reported.\n\n"
      "Example: rota load --port 7 --connections 64 --size 64 --duration 2000");
  return load;
}

CLI::App* add_cell(CLI::App& app, Arguments& arguments) {
  std::vector<std::string> names;
  for (const Workload& workload : workloads) names.emplace_back(workload.name);
  std::vector<std::string> drivers = driver_names();
  drivers.emplace_back(best_driver.name);
  const std::string listed = joined(names_of(measured_drivers)) + ",\n" +
                             joined(names_of(drivers_with_engines)) + ", best (best)";
  CLI::App* cell = app.add_subcommand("cell", "one measured process; `rota lab` starts these");
  cell->add_option("workload", arguments.cell_workload, joined(names))
      ->required()
      ->check(one_of(names));
  cell->add_option("--driver", arguments.cell_driver, listed)
      ->check(one_of(drivers));
  cell->add_option("--waiting", arguments.cell_waiting, joined(waiting_names()) + " (block)")
      ->check(one_of(waiting_names()));
  cell->add_option("--spin-us", arguments.cell.spin_us, "how long a spin is; 0: what a wake costs")
      ->check(within(0, 1e6));
  cell->add_option("--warm-up", arguments.cell.warm_up_ms, "before the window, in ms (100)")
      ->check(within(0, most_ms));
  cell->add_option("--duration", arguments.cell.duration_ms, "measured window in ms (1000)")
      ->check(within(1, most_ms));
  cell->add_option("--operations", arguments.cell.operations, "so many instead of a window")
      ->check(within(0, 1e15));
  cell->add_option("--file", arguments.cell.file, "what the read workloads read");
  cell->footer(
      "\nAn echo cell prints `port N` and serves until its stdin is closed. Others print\n"
      "`ready`, wait for a line on stdin and print one line of figures:\n"
      "measured OPERATIONS WINDOW_NS CPU_NS WAIT_NS P50_NS P99_NS P99.9_NS");
  return cell;
}

int start_lab(Arguments& arguments, const CLI::App& lab) {
  LabOptions& options = arguments.lab;
  if (arguments.lab_quick) options.make_quick();
  if (lab.count("--rounds") > 0) options.rounds = arguments.lab_rounds;
  if (lab.count("--seconds") > 0) options.seconds = arguments.lab_seconds;
  if (arguments.lab_json) options.format = OutputFormat::json;
  options.drivers = drivers_of(arguments.lab_drivers);
  return run_lab(options);
}

int start_waiting(Arguments& arguments) {
  arguments.waiting.drivers = drivers_of(arguments.waiting_drivers);
  if (arguments.waiting_json) arguments.waiting.format = OutputFormat::json;
  return run_waiting(arguments.waiting);
}

int start_load(Arguments& arguments, const CLI::App& load) {
  LoadOptions& options = arguments.load;
  if (load.count("--pin") > 0) options.cpu = arguments.load_cpu;
  if (load.count("--server-pid") > 0) options.server_pid = arguments.load_server;
  if (load.count("--events-fd") > 0) {
    options.events_fd = arguments.load_events;
  } else if (options.gated) {
    options.events_fd = 2;
  }
  note_interrupts();
  const auto report = run_load(options);
  if (!report) {
    std::fprintf(stderr, "rota load: %s\n", report.error().c_str());
    return interrupted() ? status_interrupted : 1;
  }
  std::puts(report->to_json().c_str());
  if (interrupted()) {
    std::fprintf(stderr, "rota load: interrupted: the report is about the time until then\n");
    return status_interrupted;
  }
  return report->clean() ? 0 : 1;
}

int start_cell(Arguments& arguments) {
  arguments.cell.driver = *find_driver(arguments.cell_driver);
  arguments.cell.waiting = *find_waiting(arguments.cell_waiting);
  for (const Workload& workload : workloads) {
    if (workload.name == arguments.cell_workload) arguments.cell.workload = &workload;
  }
  return run_cell(arguments.cell);
}

int run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app(about, "rota");
  app.footer(examples);
  app.set_version_flag("--version", "rota " ROTA_VERSION);
  app.require_subcommand(0, 1);
  CLI::App* lab = add_lab(app, arguments);
  const CLI::App* contention = add_contention(*lab, arguments);
  const CLI::App* lengths = add_lengths(*lab, arguments);
  const CLI::App* waiting = add_waiting(*lab, arguments);
  const CLI::App* doctor = add_doctor(app, arguments);
  const CLI::App* load = add_load(app, arguments);
  const CLI::App* cell = add_cell(app, arguments);
  if (argc == 1) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  }
  const std::vector<std::string> commands{"lab", "doctor", "load", "cell"};
  if (argv[1][0] != '-' && !one_of(commands)(argv[1]).empty()) {
    std::fprintf(stderr, "rota: '%s' is not a command: %s\nSee `rota --help`.\n", argv[1],
                 joined(commands).c_str());
    return status_bad_arguments;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {  // --help, --version: they were asked for
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "rota: %s\nSee `rota --help`.\n", error.what());
    return status_bad_arguments;
  }
  const bool has_experiment = contention->parsed() || lengths->parsed() || waiting->parsed();
  const auto is_given = [](const CLI::Option* option) { return option->count() != 0; };
  if (has_experiment && std::ranges::any_of(lab->get_options(), is_given)) {
    std::fprintf(stderr, "rota: options stand behind the experiment: rota lab %s OPTION...\n",
                 lab->get_subcommands().front()->get_name().c_str());
    return status_bad_arguments;
  }
  if (contention->parsed()) {
    return run_contention(arguments.contention_rounds,
                          arguments.contention_json ? OutputFormat::json : OutputFormat::text);
  }
  if (lengths->parsed()) {
    if (arguments.lengths_json) arguments.lengths.format = OutputFormat::json;
    return run_lengths(arguments.lengths);
  }
  if (waiting->parsed()) return start_waiting(arguments);
  if (lab->parsed()) return start_lab(arguments, *lab);
  if (doctor->parsed()) {
    return run_doctor(arguments.doctor_json ? OutputFormat::json : OutputFormat::text);
  }
  if (load->parsed()) return start_load(arguments, *load);
  if (cell->parsed()) return start_cell(arguments);
  std::fprintf(stderr, "rota: name a command: %s\nSee `rota --help`.\n", joined(commands).c_str());
  return status_bad_arguments;
}

}  // namespace
}  // namespace rota::cli

int main(int argc, char** argv) {
  rota::cli::open_standard_streams();
  try {
    return rota::cli::finish_output(rota::cli::run(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rota: %s\n", error.what());
    return 1;
  }
}
