#pragma once

#include "argument_checks.hpp"
#include "choice_names.hpp"
#include "lab/contention.hpp"
#include "lab/faults.hpp"
#include "lab/lab.hpp"
#include "lab/lengths.hpp"
#include "lab/selection.hpp"
#include "lab/setup.hpp"
#include "lab/waiting.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace rota::cli {

/// `rota lab` and its experiments on the command line. For main.cpp. Lives as long as the parser.
class LabCommand {
 public:
  explicit LabCommand(CLI::App& app);
  LabCommand(const LabCommand&) = delete;
  LabCommand& operator=(const LabCommand&) = delete;

  [[nodiscard]] bool parsed() const { return lab_->parsed(); }
  /// Does what was asked for; the exit status.
  int start();

 private:
  void add_lab(CLI::App& app);
  void add_setups();
  void add_contention();
  void add_lengths();
  void add_waiting();
  void add_faults();
  int start_lab();

  CLI::App* lab_ = nullptr;
  LabOptions options_;
  bool quick_ = false;
  bool json_ = false;
  SetupWords setups_;
  unsigned rounds_ = 0;
  double seconds_ = 0;

  CLI::App* contention_ = nullptr;
  unsigned contention_rounds_ = 9;
  bool contention_json_ = false;

  CLI::App* lengths_ = nullptr;
  LengthsOptions lengths_options_;
  bool lengths_json_ = false;

  CLI::App* waiting_ = nullptr;
  WaitingOptions waiting_options_;
  std::vector<std::string> waiting_drivers_;
  bool waiting_json_ = false;

  CLI::App* faults_ = nullptr;
  FaultsOptions faults_options_;
  bool faults_json_ = false;
};

inline LabCommand::LabCommand(CLI::App& app) {
  add_lab(app);
  add_setups();
  add_contention();
  add_lengths();
  add_waiting();
  add_faults();
}

inline int LabCommand::start() {
  constexpr int status_bad_arguments = 2;
  const bool has_experiment = !lab_->get_subcommands().empty();
  const auto is_given = [](const CLI::Option* option) { return option->count() != 0; };
  if (has_experiment && std::ranges::any_of(lab_->get_options(), is_given)) {
    std::fprintf(stderr, "rota: options stand behind the experiment: rota lab %s OPTION...\n",
                 lab_->get_subcommands().front()->get_name().c_str());
    return status_bad_arguments;
  }
  if (contention_->parsed()) {
    return run_contention(contention_rounds_,
                          contention_json_ ? OutputFormat::json : OutputFormat::text);
  }
  if (lengths_->parsed()) {
    if (lengths_json_) lengths_options_.format = OutputFormat::json;
    return run_lengths(lengths_options_);
  }
  if (waiting_->parsed()) {
    waiting_options_.drivers = drivers_of(waiting_drivers_);
    if (waiting_json_) waiting_options_.format = OutputFormat::json;
    return run_waiting(waiting_options_);
  }
  if (faults_->parsed()) {
    if (faults_json_) faults_options_.format = OutputFormat::json;
    return run_faults(faults_options_);
  }
  options_.setups = setups_of(setups_);
  std::string names;
  for (const Setup& setup : options_.setups) {
    if (options_.baseline.empty() || setup.name() == options_.baseline) return start_lab();
    names += (names.empty() ? "" : ", ") + setup.name();
  }
  std::fprintf(stderr, "rota: --baseline: '%s' is not measured here; name one of: %s\n",
               options_.baseline.c_str(), names.c_str());
  return status_bad_arguments;
}

inline int LabCommand::start_lab() {
  if (quick_) options_.make_quick();
  if (lab_->count("--rounds") > 0) options_.rounds = rounds_;
  if (lab_->count("--seconds") > 0) options_.seconds = seconds_;
  if (json_) options_.format = OutputFormat::json;
  return run_lab(options_);
}

inline void LabCommand::add_lab(CLI::App& app) {
  lab_ = app.add_subcommand("lab", "measure real work under every driver; table and page");
  lab_->add_flag("--quick", quick_, "three short rounds: under a minute");
  lab_->add_option("--only", options_.only,
                   "comma-separated: workloads below, families of them (echo,\n"
                   "connections, files, timers), or patterns such as 'read-cold-*'")
      ->type_name("LIST")
      ->delimiter(',')
      ->check(CLI::Validator(refusal_of_word, {}));
  lab_->add_option("--rounds", rounds_, "every cell runs once per round (7)")
      ->type_name("N")
      ->check(within(1, 1000));
  lab_->add_option("--seconds", seconds_, "measured window of one cell (1)")
      ->type_name("S")
      ->check(within(0.01, 3600));
  lab_->add_option("--connections", options_.idle_connections, "how many are idle (2000)")
      ->type_name("N")
      ->check(within(1, 10'000));
  lab_->add_option("--out", options_.out, "folder of index.html and results.json (out/lab)")
      ->type_name("DIR");
  lab_->add_flag("--json", json_, "print results.json instead of the table");
  lab_->footer(
      "\nWorkloads; the ones with a star are measured where none is named:\n" +
      list_of_workloads() +
      "\nEach cell is a fresh process pinned to one CPU; the load generator of the echo runs on\n"
      "another. A cell that cannot run says why. Ctrl-C ends the lab and shows what was measured\n"
      "until then.\n\n"
      "Examples:\n"
      "  rota lab --only timers --rounds 3 --seconds 0.5\n"
      "  rota lab --only 'read-*-direct-*' --drivers epoll,uring --files best,pool\n"
      "  rota lab --only echo --drivers uring --waiting block,spin,busy-poll --baseline uring");
}

inline void LabCommand::add_setups() {
  lab_->add_option("--drivers", setups_.drivers,
                   "comma-separated:\n" + joined(driver_names()) +
                       "\n(all but uring-sqpoll, which takes a CPU); epoll+pool is one with\n"
                       "another engine for its files")
      ->type_name("LIST")
      ->delimiter(',')
      ->check(CLI::Validator(refusal_of_driver, {}));
  lab_->add_option("--files", setups_.files,
                   "comma-separated:\n" + joined_in_lines(engine_names()) +
                       "\n(best: what the driver chooses), each under every driver")
      ->type_name("LIST")
      ->delimiter(',')
      ->check(one_of(engine_names()));
  lab_->add_option("--waiting", setups_.waiting,
                   "comma-separated: " + joined(waiting_names()) + " (block)")
      ->type_name("LIST")
      ->delimiter(',')
      ->check(one_of(waiting_names()));
  lab_->add_option("--baseline", options_.baseline,
                   "what all else is compared with, such as epoll+pool or uring/spin\n"
                   "(epoll)")
      ->type_name("SETUP");
}

inline void LabCommand::add_contention() {
  contention_ =
      lab_->add_subcommand("contention", "what it costs when two threads write to one cache line");
  contention_->add_option("--rounds", contention_rounds_, "every layout runs once in each (9)")
      ->check(within(1, 1000));
  contention_->add_flag("--json", contention_json_, "the same figures for programs");
  contention_->footer(
      "\nA line has one writer at a time: two CPUs that write to neighbouring words send it back\n"
      "and forth, although neither reads what the other wrote. Two pinned threads do so with a\n"
      "counter, with two counters at several distances, and with Rota's own structures, their\n"
      "padding switched off and on.\n\n"
      "The threads work in windows of 20 µs, and only windows count in which both worked for\n"
      "80 % of the time: a thread that waits for its CPU contends with nobody. It takes a second\n"
      "or two on an idle machine.\n\n"
      "Example: rota lab contention --rounds 20");
}

inline void LabCommand::add_lengths() {
  lengths_ =
      lab_->add_subcommand("lengths", "how queues and stealing treat short tasks among long ones");
  lengths_->add_option("--workers", lengths_options_.workers, "where there are several (2)")
      ->check(within(1, most_workers));
  lengths_
      ->add_option("--rounds", lengths_options_.rounds, "every discipline runs once in each (3)")
      ->check(within(1, 1000));
  lengths_->add_option("--seconds", lengths_options_.seconds, "of arrivals in one round (1)")
      ->check(within(0.01, 3600));
  lengths_->add_option("--seed", lengths_options_.seed, "of the arrivals (1)")
      ->check(within(0, 1e15));
  lengths_->add_flag("--json", lengths_json_, "the same figures for programs");
  lengths_->footer(
      "\nTasks of 2 µs, 50 µs and 5 ms arrive at random and keep one CPU busy for 60 %: 98 of a\n"
      "hundred are short, and most of the time goes to the one of a thousand that is long. They\n"
      "are spawned by a thread of its own and wait in one queue; on workers that take them in\n"
      "turn; on workers that steal half of a queue; and on workers that steal one task at a time\n"
      "from a queue whose tasks are long. What each runtime says of the lengths of its tasks\n"
      "(Runtime::task_lengths) is shown for the last.\n\n"
      "Example: rota lab lengths --workers 4 --rounds 9");
}

inline void LabCommand::add_waiting() {
  waiting_ =
      lab_->add_subcommand("waiting", "blocking, spinning and polling: what each gains and costs");
  waiting_
      ->add_option("--drivers", waiting_drivers_,
                   "comma-separated:\n" + joined(driver_names()) +
                       "\n(all but uring-sqpoll)")
      ->type_name("LIST")
      ->delimiter(',')
      ->check(one_of(driver_names()));
  waiting_->add_option("--rounds", waiting_options_.rounds, "every cell runs once in each (5)")
      ->type_name("N")
      ->check(within(1, 1000));
  waiting_
      ->add_option("--seconds", waiting_options_.seconds,
                   "of talk per cell, and as long of silence (0.5)")
      ->type_name("S")
      ->check(within(0.01, 3600));
  waiting_->add_option("--spin-us", waiting_options_.spin_us, "how long a spin is at most (50)")
      ->type_name("N")
      ->check(within(1, 1e6));
  waiting_->add_flag("--json", waiting_json_, "the same figures for programs");
  waiting_->footer(
      "\nAn echo server on one CPU answers a single connection from another: whoever waits for a\n"
      "message sleeps at once, spins for a while and then sleeps, or never sleeps. Then nobody\n"
      "talks to it for as long, which shows what waiting costs.\n\n"
      "Example: rota lab waiting --drivers epoll,uring --rounds 9");
}

inline void LabCommand::add_faults() {
  faults_ = lab_->add_subcommand("faults", "a page fault of one task, and the sockets of others");
  faults_->add_option("--rounds", faults_options_.rounds, "one fault each, per driver (20)")
      ->type_name("N")
      ->check(within(1, 300));
  faults_->add_option("--stall-ms", faults_options_.stall_ms, "how long a fault is (50)")
      ->type_name("MS")
      ->check(within(10, 1000));
  faults_->add_flag("--json", faults_json_, "the same figures for programs");
  faults_->footer(
      "\nA task touches a page of a mapped file that takes its time, as a disk does or a network:\n"
      "its thread sleeps, and nothing may interrupt that. Another task of the same worker waits\n"
      "for a socket meanwhile, and a neighbour sees to the worker's I/O. When does that task\n"
      "hear of its byte, under epoll, a movable ring, and a ring with a submitting thread?\n\n"
      "The file is of a FUSE file system of the lab's own, which takes the right to mount.\n"
      "Nothing of it stays mounted, however the lab ends.\n\n"
      "Example: rota lab faults --rounds 50 --stall-ms 100");
}

}  // namespace rota::cli
