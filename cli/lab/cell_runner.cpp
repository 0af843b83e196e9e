#include "cell_runner.hpp"

#include "cell_report.hpp"
#include "cli/load/monotonic.hpp"
#include "cli/load/process_clock.hpp"
#include "syscall_counter.hpp"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

namespace rota::cli {
namespace {

/// For a process to start, set up, or end its window: far above what it takes.
constexpr std::uint64_t patience_ms = 20'000;

/// The number behind `"name":` in one line of JSON whose names are unique, or 0.
double number_in(const std::string& json, std::string_view name) {
  const std::string key = '"' + std::string(name) + "\":";
  const std::size_t at = json.find(key);
  if (at == std::string::npos) return 0;
  return std::strtod(json.c_str() + at + key.size(), nullptr);
}

/// What follows `word` in the line that a cell begins with, or its complaint.
std::expected<std::string, std::string> expect_word(ChildProcess& child, std::string_view word) {
  auto line = child.read_line(patience_ms);
  if (!line) return line;
  if (line->starts_with(word)) return line->substr(word.size());
  constexpr std::string_view error = "error ";
  return std::unexpected(line->starts_with(error) ? line->substr(error.size()) : *line);
}

}  // namespace

Placement Placement::choose() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return {};
  std::vector<unsigned> cpus;
  for (unsigned cpu = 0; cpu < CPU_SETSIZE && cpus.size() < 2; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  }
  if (cpus.empty()) return {};
  return {.tested = cpus.front(), .generator = cpus.back()};
}

CellRunner::CellRunner(double seconds, const DataFile* file, Placement placement) noexcept
    : warm_up_ms_(static_cast<std::uint64_t>(std::clamp(seconds * 400, 20.0, 300.0))),
      duration_ms_(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(seconds * 1000))),
      file_(file),
      placement_(placement) {}

std::expected<Sample, std::string> CellRunner::measure(const Workload& workload,
                                                       const DriverChoice& driver) {
  auto cell = start_cell(workload, driver, 0);
  if (!cell) return std::unexpected(cell.error());
  if (workload.kind == WorkloadKind::echo) return measure_echo(workload, *cell);
  return measure_by_itself(std::move(*cell));
}

std::expected<WaitingSample, std::string> CellRunner::measure_waiting(const DriverChoice& driver,
                                                                      const WaitingChoice& waiting,
                                                                      std::uint32_t spin_us) {
  static constexpr Workload one_connection{WorkloadKind::echo, "echo-64", "", "", "echo",
                                           "round trip",       "",        64, 1,  0};
  auto server =
      start_cell(one_connection, driver, 0,
                 {"--waiting", std::string(waiting.name), "--spin-us", std::to_string(spin_us)});
  if (!server) return std::unexpected(server.error());
  auto talk = measure_echo(one_connection, *server);
  if (!talk) return std::unexpected(talk.error());
  auto idle = measure_idle(*server);
  if (!idle) return std::unexpected(idle.error());
  return WaitingSample{.talk = *talk, .idle_cpu_share = *idle};
}

std::expected<SyscallCount, std::string> CellRunner::count(const Workload& workload,
                                                           const DriverChoice& driver) {
  const std::uint64_t operations = workload.counted;
  auto cell = start_cell(workload, driver, operations);
  if (!cell) return std::unexpected(cell.error());
  if (workload.kind != WorkloadKind::echo) {
    if (auto ready = expect_word(*cell, "ready"); !ready) return std::unexpected(ready.error());
    return count_while(*cell, *cell, cell->output(), operations);
  }
  auto port = expect_word(*cell, "port ");
  if (!port) return std::unexpected(port.error());
  auto load = start_load(workload, std::move(*port), *cell, operations);
  if (!load) return std::unexpected(load.error());
  if (auto ready = expect_word(*load, "ready"); !ready) return std::unexpected(ready.error());
  return count_while(*cell, *load, load->output(), operations);
}

auto CellRunner::start_cell(const Workload& workload, const DriverChoice& driver,
                            std::uint64_t operations, const std::vector<std::string>& further)
    -> Outcome<ChildProcess> {
  ChildProcess::Command command;
  command.cpu = placement_.tested;
  command.arguments = {
      "cell",         std::string(workload.name),  "--driver",   std::string(driver.name),
      "--warm-up",    std::to_string(warm_up_ms_), "--duration", std::to_string(duration_ms_),
      "--operations", std::to_string(operations)};
  command.arguments.insert(command.arguments.end(), further.begin(), further.end());
  if (workload.kind == WorkloadKind::read) {
    if (file_ == nullptr) return std::unexpected("there is no file to read");
    file_->warm();
    command.arguments.insert(command.arguments.end(), {"--file", file_->path()});
  }
  return ChildProcess::start(command);
}

auto CellRunner::start_load(const Workload& workload, std::string port, const ChildProcess& server,
                            std::uint64_t requests) -> Outcome<ChildProcess> {
  ChildProcess::Command command;
  command.cpu = placement_.generator;
  command.arguments = {"load",
                       "--port",
                       std::move(port),
                       "--connections",
                       std::to_string(workload.width),
                       "--size",
                       std::to_string(workload.operation_bytes),
                       "--warm-up",
                       std::to_string(warm_up_ms_),
                       "--duration",
                       std::to_string(duration_ms_),
                       "--server-pid",
                       std::to_string(server.pid())};
  if (requests > 0) {
    // Its stdout carries the lines of the run too: the first one after the gate is `begin`.
    const std::vector<std::string> counted{"--requests", std::to_string(requests), "--gated",
                                           "--events-fd", "1"};
    command.arguments.insert(command.arguments.end(), counted.begin(), counted.end());
  }
  return ChildProcess::start(command);
}

auto CellRunner::measure_echo(const Workload& workload, ChildProcess& server) -> Outcome<Sample> {
  auto port = expect_word(server, "port ");
  if (!port) return std::unexpected(port.error());
  auto load = start_load(workload, std::move(*port), server, 0);
  if (!load) return std::unexpected(load.error());
  const auto line = load->read_line(patience_ms + warm_up_ms_ + duration_ms_);
  if (!line) return std::unexpected(line.error());
  const double requests = number_in(*line, "requests");
  if (!line->starts_with('{') || requests <= 0) return std::unexpected(*line);
  for (const char* error : {"resets", "closed", "corrupt", "unanswered"}) {
    if (number_in(*line, error) > 0) return std::unexpected("the echo was not clean: " + *line);
  }
  const double wait_ns =
      std::max(number_in(*line, "server_wait_ns"), number_in(*line, "generator_wait_ns"));
  return Sample{.operations_per_s = number_in(*line, "requests_per_s"),
                .cpu_ns = number_in(*line, "server_cpu_ns") / requests,
                .p50_ns = number_in(*line, "p50"),
                .p99_ns = number_in(*line, "p99"),
                .p999_ns = number_in(*line, "p99.9"),
                .waited_share = wait_ns / (number_in(*line, "seconds") * ns_per_s),
                .generator_busy = number_in(*line, "generator_busy")};
}

/// It has nothing to say meanwhile, so waiting for its next line is a wait that Ctrl-C ends.
auto CellRunner::measure_idle(ChildProcess& server) -> Outcome<double> {
  const std::uint64_t begun_ns = monotonic_ns();
  const auto before = ProcessClock::read(server.pid());
  if (auto line = server.read_line(duration_ms_)) return std::unexpected(*line);
  const auto after = ProcessClock::read(server.pid());
  if (!before || !after) return std::unexpected("the server has ended");
  return static_cast<double>(after->since(*before).cpu_ns) /
         static_cast<double>(monotonic_ns() - begun_ns);
}

auto CellRunner::measure_by_itself(ChildProcess cell) -> Outcome<Sample> {
  if (auto ready = expect_word(cell, "ready"); !ready) return std::unexpected(ready.error());
  cell.write_line("go");
  const auto line = cell.read_line(patience_ms + warm_up_ms_ + duration_ms_);
  if (!line) return std::unexpected(line.error());
  const auto report = CellReport::parse(*line);
  if (!report) return std::unexpected(*line);
  if (report->operations == 0) return std::unexpected("nothing ended in the measured window");
  const auto operations = static_cast<double>(report->operations);
  const auto window_ns = static_cast<double>(report->window_ns);
  return Sample{.operations_per_s = operations / window_ns * ns_per_s,
                .cpu_ns = static_cast<double>(report->cpu_ns) / operations,
                .p50_ns = static_cast<double>(report->p50_ns),
                .p99_ns = static_cast<double>(report->p99_ns),
                .p999_ns = static_cast<double>(report->p999_ns),
                .waited_share = static_cast<double>(report->wait_ns) / window_ns,
                .generator_busy = {}};
}

auto CellRunner::count_while(ChildProcess& counted, ChildProcess& gated, int until_fd,
                             std::uint64_t operations) -> Outcome<SyscallCount> {
  auto counter = SyscallCounter::attach(counted.pid());
  if (!counter) return std::unexpected(counter.error());
  gated.write_line("go");
  if (&gated != &counted) {
    if (auto begun = expect_word(gated, "begin"); !begun) return std::unexpected(begun.error());
  }
  const std::uint64_t calls = (*counter)->count_until_readable(until_fd, patience_ms);
  auto line = gated.read_line(patience_ms);
  if (!line) return std::unexpected(line.error());
  return SyscallCount{static_cast<double>(calls) / static_cast<double>(operations),
                      (*counter)->method().data()};
}

}  // namespace rota::cli
