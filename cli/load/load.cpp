#include "load.hpp"

#include <sched.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "connect.hpp"
#include "echo_connection.hpp"
#include "interrupt.hpp"
#include "monotonic.hpp"

namespace rota::cli {

namespace {

/// A read never asks for more than this; it is also what one send offers at most.
constexpr std::size_t hot_buffer_bytes = 256U * 1024U;
/// A server that answers nothing for this long is reported instead of waited for.
constexpr std::uint64_t patience_ns = 10'000 * ns_per_ms;
/// What is outstanding at the end of a window comes back within this time, or counts as lost.
constexpr std::uint64_t drain_ns = 2'000 * ns_per_ms;
/// How long an interrupt may go unseen when the signal arrives just before the wait.
constexpr std::uint64_t look_up_ms = 100;
constexpr const char* interrupted_early = "interrupted before the measured window";
/// Connections start at different phases of the byte pattern; a prime keeps them apart.
constexpr std::uint64_t phase_step = 4099;
constexpr std::uint64_t no_quota = std::numeric_limits<std::uint64_t>::max() / 2;

class LoadRun {
 public:
  explicit LoadRun(const LoadOptions& options);
  LoadRun(const LoadRun&) = delete;
  LoadRun& operator=(const LoadRun&) = delete;
  ~LoadRun() {
    if (epoll_ >= 0) ::close(epoll_);
  }

  std::expected<LoadReport, std::string> run();

 private:
  std::optional<std::string> connect_all();
  std::optional<std::string> await_gate();
  std::optional<std::string> run_window();
  std::optional<std::string> run_requests();
  void start_all();
  void drain();
  void begin_window();
  void end_window();
  /// Handles what is ready, waiting until `until_ns` at most.
  void turn(std::uint64_t until_ns);
  void handle(const epoll_event& event);
  [[nodiscard]] bool may_reconnect(const EchoConnection& connection) const;
  std::optional<std::string> watch(std::uint32_t index) const;
  void reconnect(std::uint32_t index);
  void count_end(const EchoConnection& connection);
  [[nodiscard]] std::string explain_ends() const;
  void announce(std::string_view line) const;
  [[nodiscard]] std::uint64_t outstanding() const;
  [[nodiscard]] bool may_go_on() const { return alive_ > 0 && !interrupted(); }

  const LoadOptions& options_;
  StreamPattern pattern_;
  std::vector<char> hot_buffer_;
  EchoConnection::Traffic traffic_;
  std::vector<EchoConnection> connections_;
  std::size_t alive_ = 0;
  std::uint64_t begun_ = 0;  ///< connections, those that were replaced included
  bool draining_ = false;
  std::string failure_;  ///< why no further connection could be made
  int epoll_;
  LoadReport report_;
  std::uint64_t begin_ns_ = 0;
  std::uint64_t begin_cpu_ns_ = 0;
  std::uint64_t begin_wait_ns_ = 0;
  std::optional<ProcessClock> begin_server_;
};

std::uint64_t own_wait_ns() {
  const auto clock = ProcessClock::read(::getpid());
  return clock ? clock->wait_ns : 0;
}

std::uint64_t quota_of(const LoadOptions& options) {
  if (options.lifetime == Lifetime::one_message) return 1;
  if (options.requests == 0) return no_quota;
  return (options.requests + options.connections - 1) / options.connections;
}

LoadRun::LoadRun(const LoadOptions& options)
    : options_(options),
      pattern_(hot_buffer_bytes),
      hot_buffer_(hot_buffer_bytes),
      traffic_{.pattern = pattern_,
               .hot_buffer = hot_buffer_,
               .message_bytes = options.message_bytes,
               .depth = options.depth,
               .quota_messages = quota_of(options),
               .latency = {}},
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

std::expected<LoadReport, std::string> LoadRun::run() {
  if (epoll_ < 0) return std::unexpected(std::string("epoll_create1: ") + std::strerror(errno));
  if (auto error = connect_all()) return std::unexpected(*error);
  announce("ready\n");
  if (auto error = await_gate()) return std::unexpected(*error);
  if (auto error = options_.requests > 0 ? run_requests() : run_window()) {
    return std::unexpected(*error);
  }
  drain();
  if (!failure_.empty()) return std::unexpected(failure_);
  return std::move(report_);
}

std::optional<std::string> LoadRun::connect_all() {
  connections_.reserve(options_.connections);
  for (unsigned i = 0; i < options_.connections; ++i) {
    if (interrupted()) return interrupted_early;
    const auto fd = connect_loopback(options_.port);
    if (!fd) {
      return fd.error() + " (connection " + std::to_string(i + 1) + " of " +
             std::to_string(options_.connections) + ")";
    }
    connections_.emplace_back(*fd, i * phase_step, traffic_);
    if (auto error = watch(i)) return error;
  }
  alive_ = begun_ = connections_.size();
  return std::nullopt;
}

std::optional<std::string> LoadRun::watch(std::uint32_t index) const {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u32 = index;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[index].fd(), &event) == 0) return {};
  return std::string("epoll_ctl: ") + std::strerror(errno);
}

std::optional<std::string> LoadRun::await_gate() {
  if (!options_.gated) return std::nullopt;
  if (std::getchar() != EOF) return std::nullopt;
  return interrupted() ? interrupted_early : "stdin ended before the line that starts the run";
}

std::optional<std::string> LoadRun::run_window() {
  start_all();
  const std::uint64_t warm_until_ns = monotonic_ns() + options_.warm_up_ms * ns_per_ms;
  while (may_go_on() && monotonic_ns() < warm_until_ns) turn(warm_until_ns);
  if (interrupted()) return interrupted_early;
  begin_window();
  const std::uint64_t end_ns = begin_ns_ + options_.duration_ms * ns_per_ms;
  while (may_go_on() && monotonic_ns() < end_ns) turn(end_ns);
  end_window();
  if (report_.requests > 0 || interrupted()) return std::nullopt;
  if (alive_ == 0) return explain_ends();
  return "the server answered nothing in the measured window";
}

std::optional<std::string> LoadRun::run_requests() {
  begin_window();
  start_all();
  traffic_.last_answer_ns = begin_ns_;
  const bool is_each_one = options_.lifetime == Lifetime::one_message;
  const std::uint64_t wanted =
      is_each_one ? options_.requests : traffic_.quota_messages * connections_.size();
  while (may_go_on() && traffic_.answers < wanted) {
    const std::uint64_t patient_until_ns = traffic_.last_answer_ns + patience_ns;
    if (monotonic_ns() >= patient_until_ns) return "the server has answered nothing for 10 s";
    turn(patient_until_ns);
  }
  end_window();
  return std::nullopt;
}

void LoadRun::start_all() {
  for (EchoConnection& connection : connections_) {
    if (connection.state() != EchoConnection::State::open) continue;
    if (connection.start(traffic_, monotonic_ns()) != EchoConnection::State::open) {
      count_end(connection);
    }
  }
}

void LoadRun::drain() {
  draining_ = true;
  for (EchoConnection& connection : connections_) connection.stop(traffic_);
  const std::uint64_t until_ns = monotonic_ns() + drain_ns;
  while (alive_ > 0 && outstanding() > 0 && monotonic_ns() < until_ns) turn(until_ns);
  report_.unanswered = outstanding();
}

void LoadRun::begin_window() {
  announce("begin\n");
  if (options_.server_pid) begin_server_ = ProcessClock::read(*options_.server_pid);
  traffic_.latency.clear();
  traffic_.answers = 0;
  begin_wait_ns_ = own_wait_ns();
  begin_cpu_ns_ = thread_cpu_ns();
  begin_ns_ = monotonic_ns();
}

void LoadRun::end_window() {
  report_.window_ns = monotonic_ns() - begin_ns_;
  report_.generator_cpu_ns = thread_cpu_ns() - begin_cpu_ns_;
  report_.generator_wait_ns = own_wait_ns() - begin_wait_ns_;
  if (begin_server_) {
    if (const auto now = ProcessClock::read(*options_.server_pid)) {
      report_.server = now->since(*begin_server_);
    }
  }
  report_.requests = traffic_.answers;
  report_.latency = traffic_.latency;
  announce("end\n");
}

void LoadRun::turn(std::uint64_t until_ns) {
  std::array<epoll_event, 256> ready;
  const std::uint64_t now_ns = monotonic_ns();
  const std::uint64_t left_ms = until_ns > now_ns ? (until_ns - now_ns) / ns_per_ms + 1 : 0;
  const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()),
                                 static_cast<int>(std::min(left_ms, look_up_ms)));
  if (count <= 0) return;  // Interrupted or out of time: the caller looks at the clock.
  for (const epoll_event& event : std::span(ready).first(static_cast<std::size_t>(count))) {
    handle(event);
  }
}

void LoadRun::handle(const epoll_event& event) {
  EchoConnection& connection = connections_[event.data.u32];
  if (connection.state() != EchoConnection::State::open) return;
  const bool readable = (event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  const auto state = readable ? connection.on_readable(traffic_) : connection.on_writable(traffic_);
  if (may_reconnect(connection)) return reconnect(event.data.u32);
  if (state != EchoConnection::State::open) count_end(connection);
}

/// It has its one answer, and the run is not over. Whether the server has closed it is no matter.
bool LoadRun::may_reconnect(const EchoConnection& connection) const {
  return options_.lifetime == Lifetime::one_message && connection.answered(traffic_) > 0 &&
         connection.state() != EchoConnection::State::corrupt;
}

void LoadRun::reconnect(std::uint32_t index) {
  EchoConnection& connection = connections_[index];
  const bool is_enough = options_.requests > 0 && begun_ >= options_.requests;
  const std::uint64_t begun_ns = monotonic_ns();
  std::optional<std::string> failure;
  if (!draining_ && !is_enough) {
    const auto fd = connect_loopback(options_.port);
    if (fd) {
      connection.replace(*fd);
      failure = watch(index);
    } else {
      failure = fd.error();
    }
  }
  if (draining_ || is_enough || failure) {
    if (failure) failure_ = *failure;
    connection.retire();
    alive_ -= 1;
    return;
  }
  begun_ += 1;
  if (connection.start(traffic_, begun_ns) != EchoConnection::State::open) count_end(connection);
}

void LoadRun::count_end(const EchoConnection& connection) {
  alive_ -= 1;
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, connection.fd(), nullptr);
  switch (connection.state()) {
    case EchoConnection::State::open: break;
    case EchoConnection::State::closed: report_.closed += 1; break;
    case EchoConnection::State::reset: report_.resets += 1; break;
    case EchoConnection::State::corrupt: report_.corrupt += 1; break;
  }
}

std::string LoadRun::explain_ends() const {
  return "no connection lived until the measured window: " + std::to_string(report_.resets) +
         " reset, " + std::to_string(report_.closed) + " closed by the server, " +
         std::to_string(report_.corrupt) + " with an echo that is not what was sent";
}

void LoadRun::announce(std::string_view line) const {
  if (!options_.events_fd) return;
  // A line is far below PIPE_BUF, so it is written whole or, when nobody reads any more, not at
  // all; the run does not depend on being watched.
  [[maybe_unused]] const ssize_t put = ::write(*options_.events_fd, line.data(), line.size());
}

std::uint64_t LoadRun::outstanding() const {
  std::uint64_t sum = 0;
  for (const EchoConnection& connection : connections_) {
    if (connection.state() == EchoConnection::State::open) sum += connection.unanswered(traffic_);
  }
  return sum;
}

std::optional<std::string> pin_to(unsigned cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  if (::sched_setaffinity(0, sizeof cpus, &cpus) == 0) return std::nullopt;
  return "cannot pin to CPU " + std::to_string(cpu) + ": " + std::strerror(errno);
}

}  // namespace

std::expected<LoadReport, std::string> run_load(const LoadOptions& options) {
  if (options.connections == 0 || options.depth == 0 || options.message_bytes == 0) {
    return std::unexpected("connections, depth and message size must be at least 1");
  }
  if (options.cpu) {
    if (auto error = pin_to(*options.cpu)) return std::unexpected(*error);
  }
  // On the heap: the histograms and the run are too large for a small stack.
  return std::make_unique<LoadRun>(options)->run();
}

}  // namespace rota::cli
