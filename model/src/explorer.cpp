#include <rota/model/explorer.hpp>

#include <rota/model/engine.hpp>
#include "schedule.hpp"

#include <string>

namespace rota::model {
namespace {

std::uint64_t executions_of_this_process = 0;

Report run(const Options& options, const Scenario& scenario, Schedule& schedule,
           std::string* trace) {
  Report report;
  Engine engine(options, schedule, trace);
  do {
    schedule.begin_execution();
    const bool whole = engine.execute(scenario);
    (whole ? report.executions : report.pruned) += 1;
    executions_of_this_process += whole ? 1 : 0;
    report.steps = engine.steps();
    if (engine.failure()) {
      report.failure = std::move(engine.failure());
      return report;
    }
    if (report.executions + report.pruned >= options.max_executions) {
      return report;
    }
  } while (schedule.next_execution());
  report.complete = options.mode == Mode::exhaustive;
  return report;
}

}  // namespace

Report replay(const Options& options, const Scenario& scenario, std::string_view choices) {
  Schedule schedule(options, choices);
  std::string trace;
  Report report = run(options, scenario, schedule, &trace);
  report.complete = false;
  if (report.failure) {
    report.failure->trace = std::move(trace);
  }
  return report;
}

Report explore(const Options& options, const Scenario& scenario) {
  Schedule schedule(options);
  Report report = run(options, scenario, schedule, nullptr);
  if (report.failure) {
    // The replay knows the labels, so its message names objects as well as its trace does.
    Report again = replay(options, scenario, report.failure->replay);
    if (again.failure) {
      report.failure = std::move(again.failure);
    } else {
      report.failure->trace = "the failure did not come back in its replay\n";
    }
  }
  return report;
}

std::uint64_t executions_so_far() noexcept { return executions_of_this_process; }

void Thread::join() { Engine::here().join(index_); }

void join_all() {
  Engine& engine = Engine::here();
  for (std::size_t t = 1; t < engine.thread_count(); ++t) {
    engine.join(t);
  }
}

void check(bool holds, const char* what, std::source_location where) {
  if (!holds) {
    Engine::here().fail(Failure::Kind::check,
                            std::string(what) + " (line " + std::to_string(where.line()) + ")");
  }
}

void wait_until(bool (*predicate)(const void*), const void* argument) {
  Engine& engine = Engine::here();
  engine.wait({.kind = Step::Kind::wait}, predicate, argument);
  engine.trace(Step::Kind::wait, nullptr, "is over, having found");
  engine.set_silent(true);
  const bool holds = predicate(argument);
  engine.set_silent(false);
  if (!holds) {
    engine.prune();  // With these older values it would have waited on.
  }
}

void barrier_everywhere() { Engine::here().barrier_everywhere(); }

void label(const void* object, std::size_t bytes, const char* name) {
  Engine::here().label(object, bytes, name);
}

const char* to_string(Failure::Kind kind) noexcept {
  switch (kind) {
    case Failure::Kind::check: return "check failed";
    case Failure::Kind::deadlock: return "deadlock";
    case Failure::Kind::livelock: return "livelock";
    case Failure::Kind::race: return "data race";
    case Failure::Kind::unjoined: return "unjoined thread";
    case Failure::Kind::nondeterminism: return "nondeterministic model";
  }
  return "?";
}

std::ostream& operator<<(std::ostream& out, const Report& report) {
  out << report.executions << " executions, " << report.pruned << " pruned, " << report.steps
      << " steps" << (report.complete ? ", complete" : "");
  if (report.failure) {
    out << "\n"
        << to_string(report.failure->kind) << ": " << report.failure->message << "\nreplay \""
        << report.failure->replay << "\"\n"
        << report.failure->trace;
  }
  return out;
}

}  // namespace rota::model
