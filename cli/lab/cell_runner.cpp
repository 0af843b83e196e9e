#include "cell_runner.hpp"

#include "cell_report.hpp"
#include "cli/load/monotonic.hpp"
#include "cli/load/process_clock.hpp"
#include "idle_connections.hpp"
#include "quantity.hpp"
#include "resident_memory.hpp"
#include "syscall_counter.hpp"
#include "workloads.hpp"

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

/// How long a cell spins that spins: a pinned process with one worker would not, by itself.
constexpr std::uint32_t usual_spin_us = 50;
constexpr std::uint32_t first_connections = 32;
/// For a server to say why it closes connections.
constexpr std::uint64_t complaint_patience_ms = 200;
/// A cold file is read once: a long warm-up would use it up.
constexpr std::uint64_t cold_warm_up_ms = 20;
/// Of a file, in the page cache: from this share on it is not cold.
constexpr double still_warm_share = 0.05;

/// The number behind `"name":` in one line of JSON whose names are unique, or 0.
double number_in(const std::string& json, std::string_view name) {
  const std::string key = '"' + std::string(name) + "\":";
  const std::size_t at = json.find(key);
  if (at == std::string::npos) return 0;
  return std::strtod(json.c_str() + at + key.size(), nullptr);
}

/// Has the page cache hold all of the file, or nothing; an error is why it cannot.
std::expected<void, std::string> prepare(const DataFile& file, PageCache cache) {
  if (cache == PageCache::warm) {
    file.warm();
    return {};
  }
  const auto share = file.cool();
  if (!share) return std::unexpected(share.error());
  if (*share < still_warm_share) return {};
  return std::unexpected("the file cannot be made cold here: the page cache keeps " +
                         format_percent(*share) +
                         " of it, as a file system in memory does; --out may name a folder on a "
                         "disk");
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

CellRunner::CellRunner(const CellPlan& plan) noexcept
    : warm_up_ms_(static_cast<std::uint64_t>(std::clamp(plan.seconds * 400, 20.0, 300.0))),
      duration_ms_(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(plan.seconds * 1000))),
      plan_(plan) {}

std::expected<Sample, std::string> CellRunner::measure(const Workload& workload,
                                                       const Setup& setup) {
  auto cell = start_cell(workload, setup, 0, usual_spin_us);
  if (!cell) return std::unexpected(cell.error());
  if (workload.kind == WorkloadKind::idle) return measure_idle(*cell);
  if (is_served(workload.kind)) return measure_echo(workload, *cell);
  return measure_by_itself(workload, std::move(*cell));
}

std::expected<WaitingSample, std::string> CellRunner::measure_waiting(const Setup& setup,
                                                                      std::uint32_t spin_us) {
  static constexpr Workload one_connection{WorkloadKind::echo, "echo-64", "", "", "echo",
                                           "round trip",       "",        64, 1,  0};
  auto server = start_cell(one_connection, setup, 0, spin_us);
  if (!server) return std::unexpected(server.error());
  auto talk = measure_echo(one_connection, *server);
  if (!talk) return std::unexpected(talk.error());
  auto idle = measure_silence(*server);
  if (!idle) return std::unexpected(idle.error());
  return WaitingSample{.talk = *talk, .idle_cpu_share = *idle};
}

std::expected<SyscallCount, std::string> CellRunner::count(const Workload& workload,
                                                           const Setup& setup) {
  const std::uint64_t operations = workload.counted;
  auto cell = start_cell(workload, setup, operations, usual_spin_us);
  if (!cell) return std::unexpected(cell.error());
  if (!is_served(workload.kind)) {
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

auto CellRunner::start_cell(const Workload& workload, const Setup& setup, std::uint64_t operations,
                            std::uint32_t spin_us) -> Outcome<ChildProcess> {
  const bool is_cold = workload.cache == PageCache::cold;
  const std::uint64_t warm_up_ms = is_cold ? std::min(warm_up_ms_, cold_warm_up_ms) : warm_up_ms_;
  ChildProcess::Command command;
  command.cpu = plan_.placement.tested;
  command.arguments = {
      "cell",       std::string(workload.name),    "--driver",     std::string(setup.driver.name),
      "--files",    std::string(setup.files.name), "--waiting",    std::string(setup.waiting.name),
      "--spin-us",  std::to_string(spin_us),       "--warm-up",    std::to_string(warm_up_ms),
      "--duration", std::to_string(duration_ms_),  "--operations", std::to_string(operations)};
  if (workload.kind == WorkloadKind::read) {
    if (plan_.file == nullptr) return std::unexpected("there is no file to read");
    const auto prepared = prepare(*plan_.file, workload.cache);
    if (!prepared) return std::unexpected(prepared.error());
    command.arguments.insert(command.arguments.end(), {"--file", plan_.file->path()});
  }
  return ChildProcess::start(command);
}

auto CellRunner::start_load(const Workload& workload, std::string port, const ChildProcess& server,
                            std::uint64_t requests) -> Outcome<ChildProcess> {
  ChildProcess::Command command;
  command.cpu = plan_.placement.generator;
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
  if (workload.kind == WorkloadKind::connect) command.arguments.emplace_back("--reconnect");
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
                .resident_bytes = 0,
                .generator_busy = number_in(*line, "generator_busy"),
                .device_share = {}};
}

/// It has nothing to say meanwhile, so waiting for its next line is a wait that Ctrl-C ends.
auto CellRunner::measure_silence(ChildProcess& server) const -> Outcome<double> {
  const std::uint64_t begun_ns = monotonic_ns();
  const auto before = ProcessClock::read(server.pid());
  if (auto line = server.read_line(duration_ms_)) return std::unexpected(*line);
  const auto after = ProcessClock::read(server.pid());
  if (!before || !after) return std::unexpected("the server has ended");
  return static_cast<double>(after->since(*before).cpu_ns) /
         static_cast<double>(monotonic_ns() - begun_ns);
}

auto CellRunner::measure_idle(ChildProcess& server) const -> Outcome<Sample> {
  const std::uint32_t count = plan_.idle_connections;
  if (std::string refusal = refusal_of_connections(count); !refusal.empty()) {
    return std::unexpected(std::move(refusal));
  }
  auto port = expect_word(server, "port ");
  if (!port) return std::unexpected(port.error());
  IdleConnections connections(static_cast<std::uint16_t>(std::atoi(port->c_str())));
  // The first ones have the server load its code and make what it has one of.
  if (auto added = connections.add(first_connections); !added) {
    return std::unexpected(added.error());
  }
  const auto before = resident_bytes_of(server.pid());
  if (auto added = connections.add(count); !added) {
    // A server that has given up says why; one that lives has nothing to say.
    auto said = server.read_line(complaint_patience_ms);
    return std::unexpected(added.error() + (said ? "; it said: " + *said : std::string()));
  }
  const auto after = resident_bytes_of(server.pid());
  if (!before || !after) return std::unexpected("/proc/PID/smaps_rollup does not say what it has");
  auto cpu_share = measure_silence(server);
  if (!cpu_share) return std::unexpected(cpu_share.error());
  Sample sample;
  sample.cpu_ns = *cpu_share * ns_per_s;
  sample.resident_bytes = (static_cast<double>(*after) - static_cast<double>(*before)) / count;
  return sample;
}

auto CellRunner::measure_by_itself(const Workload& workload, ChildProcess cell) -> Outcome<Sample> {
  if (auto ready = expect_word(cell, "ready"); !ready) return std::unexpected(ready.error());
  cell.write_line("go");
  const auto line = cell.read_line(patience_ms + warm_up_ms_ + duration_ms_);
  if (!line) return std::unexpected(line.error());
  const auto report = CellReport::parse(*line);
  if (!report) return std::unexpected(*line);
  if (report->operations == 0) return std::unexpected("nothing ended in the measured window");
  const auto operations = static_cast<double>(report->operations);
  const auto window_ns = static_cast<double>(report->window_ns);
  std::optional<double> device_share;
  // Nothing at all for a cold file: this kernel does not account it.
  const bool is_accounted = report->device_bytes > 0 || workload.cache == PageCache::warm;
  if (workload.kind == WorkloadKind::read && is_accounted) {
    device_share = static_cast<double>(report->device_bytes) / (operations * block_bytes);
  }
  return Sample{.operations_per_s = operations / window_ns * ns_per_s,
                .cpu_ns = static_cast<double>(report->cpu_ns) / operations,
                .p50_ns = static_cast<double>(report->p50_ns),
                .p99_ns = static_cast<double>(report->p99_ns),
                .p999_ns = static_cast<double>(report->p999_ns),
                .waited_share = static_cast<double>(report->wait_ns) / window_ns,
                .resident_bytes = 0,
                .generator_busy = {},
                .device_share = device_share};
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
  // A cell says how many there were: a small file has fewer blocks than were asked for.
  const auto report = CellReport::parse(*line);
  const std::uint64_t done = report ? report->operations : operations;
  if (done == 0) return std::unexpected(*line);
  return SyscallCount{static_cast<double>(calls) / static_cast<double>(done),
                      (*counter)->method().data()};
}

}  // namespace rota::cli
