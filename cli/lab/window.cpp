#include "window.hpp"

#include "cli/load/monotonic.hpp"
#include "cli/load/process_clock.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <ctime>

namespace rota::cli {
namespace {

std::uint64_t process_cpu_ns() { return clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

/// How long this thread was ready and did not run, less what the other threads of this process,
/// which share its CPU, may have caused. Only differences mean something.
std::int64_t foreign_wait_ns() {
  const auto clock = ProcessClock::read_this_thread();
  const std::uint64_t by_own_threads_ns = process_cpu_ns() - thread_cpu_ns();
  const std::uint64_t waited_ns = clock ? clock->wait_ns : 0;
  return static_cast<std::int64_t>(waited_ns) - static_cast<std::int64_t>(by_own_threads_ns);
}

/// What devices have read for this process, threads and requests in flight included.
std::uint64_t device_bytes() {
  constexpr std::uint64_t sector_bytes = 512;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_inblock) * sector_bytes;
}

}  // namespace

void Window::begin() noexcept {
  last_ns_ = monotonic_ns();
  const bool counted = options_.operations > 0;
  open_at_ns_ = counted ? last_ns_ : last_ns_ + options_.warm_up_ms * ns_per_ms;
  close_at_ns_ = open_at_ns_ + options_.duration_ms * ns_per_ms;
  if (counted) open(last_ns_);
}

bool Window::more() noexcept {
  begun_ += 1;
  if (options_.operations > 0) return begun_ <= options_.operations;
  return last_ns_ < close_at_ns_;
}

void Window::record(std::uint64_t from_ns, std::uint64_t to_ns) noexcept {
  last_ns_ = to_ns;
  if (is_closed_) return;
  if (!is_open_) {
    if (to_ns >= open_at_ns_) open(to_ns);
    return;
  }
  latency_.record(to_ns > from_ns ? to_ns - from_ns : 0);
  if (options_.operations == 0 && to_ns >= close_at_ns_) close(to_ns);
}

CellReport Window::report() noexcept {
  if (is_open_ && !is_closed_) close(monotonic_ns());
  return report_;
}

void Window::open(std::uint64_t now_ns) noexcept {
  is_open_ = true;
  opened_ns_ = now_ns;
  opened_wait_ns_ = foreign_wait_ns();
  opened_device_bytes_ = device_bytes();
  opened_cpu_ns_ = process_cpu_ns();
}

void Window::close(std::uint64_t now_ns) noexcept {
  is_closed_ = true;
  report_ = {.operations = latency_.count(),
             .window_ns = now_ns - opened_ns_,
             .cpu_ns = process_cpu_ns() - opened_cpu_ns_,
             .wait_ns = static_cast<std::uint64_t>(
                 std::max(std::int64_t{0}, foreign_wait_ns() - opened_wait_ns_)),
             .p50_ns = latency_.percentile_ns(0.50),
             .p99_ns = latency_.percentile_ns(0.99),
             .p999_ns = latency_.percentile_ns(0.999),
             .device_bytes = device_bytes() - opened_device_bytes_};
}

}  // namespace rota::cli
