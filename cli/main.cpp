// The command line of `rota`: what is asked for, checked, and handed on. Nobody else sees CLI11, by
// itself or by argument_checks.hpp.

#include "argument_checks.hpp"
#include "choice_names.hpp"
#include "doctor.hpp"
#include "lab/cell.hpp"
#include "lab/workloads.hpp"
#include "lab_command.hpp"
#include "load/interrupt.hpp"
#include "load/load.hpp"
#include "standard_streams.hpp"

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
    "  rota lab faults                           what a page fault does to the tasks beside it\n"
    "  rota doctor                               what may be used here, what Rota would choose\n"
    "\n`rota COMMAND --help` explains a command. Exit status: 0 done, 1 failed, 2 bad arguments.\n";

constexpr double most_ms = 24 * 3600 * 1000.0;
constexpr double most_cpus = 1023;

/// What the parser fills. Lives as long as the parser.
struct Arguments {
  bool doctor_json = false;
  bool doctor_measures = false;
  std::string doctor_kernel;

  LoadOptions load;
  unsigned load_cpu = 0;
  pid_t load_server = 0;
  int load_events = 0;
  bool load_reconnect = false;

  CellOptions cell;
  std::string cell_workload;
  std::string cell_driver = "best";
  std::string cell_files = "best";
  std::string cell_waiting = "block";
};

CLI::App* add_doctor(CLI::App& app, Arguments& arguments) {
  CLI::App* doctor =
      app.add_subcommand("doctor", "what this kernel and process may use, and what Rota chooses");
  doctor->add_flag("--json", arguments.doctor_json, "the same facts for programs");
  doctor->add_flag("--measure", arguments.doctor_measures,
                   "measure what calls cost here, and keep it for later programs");
  doctor
      ->add_option("--as-kernel", arguments.doctor_kernel,
                   "choose as on that release of Linux: what its io_uring lacks")
      ->type_name("X.Y")
      ->check(kernel_release());
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
  load->add_flag("--reconnect", arguments.load_reconnect,
                 "a connection for each message; the latency begins with its connect");
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
  const std::vector<std::string> names = names_of(workloads);
  std::vector<std::string> drivers = driver_names();
  drivers.emplace_back(best_driver.name);
  CLI::App* cell = app.add_subcommand("cell", "one measured process; `rota lab` starts these");
  cell->add_option("workload", arguments.cell_workload, "one of those of `rota lab --help`")
      ->required()
      ->check(one_of(names));
  cell->add_option("--driver", arguments.cell_driver, joined(drivers) + " (best)")
      ->check(one_of(drivers));
  cell->add_option("--files", arguments.cell_files, joined(engine_names()) + " (best)")
      ->check(one_of(engine_names()));
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
      "\nA cell that serves prints `port N` and does so until its stdin is closed. Others print\n"
      "`ready`, wait for a line on stdin and print one line of figures:\n"
      "measured OPERATIONS WINDOW_NS CPU_NS WAIT_NS P50_NS P99_NS P99.9_NS DEVICE_BYTES");
  return cell;
}

int start_load(Arguments& arguments, const CLI::App& load) {
  LoadOptions& options = arguments.load;
  if (arguments.load_reconnect) options.lifetime = Lifetime::one_message;
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
  arguments.cell.setup = {*find_driver(arguments.cell_driver), *find_engine(arguments.cell_files),
                          *find_waiting(arguments.cell_waiting)};
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
  LabCommand lab(app);
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
  if (lab.parsed()) return lab.start();
  if (doctor->parsed()) {
    return run_doctor(
        {.format = arguments.doctor_json ? OutputFormat::json : OutputFormat::text,
         .as_kernel = read_release(arguments.doctor_kernel).value_or(KernelRelease{}),
         .measures = arguments.doctor_measures});
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
