// Boost.Asio's timers: async_wait and cancel on a million live steady_timers. The cancelled
// handlers are run by the loop, which is part of what a cancel costs.

#include <boost/asio.hpp>

#include <chrono>
#include <cstdlib>
#include <deque>

#include "bench/raw/measure.hpp"
#include "bench/raw/timer_plan.hpp"

int main() {
  namespace asio = boost::asio;
  using rota::bench::thread_cpu_ns;
  const auto plan = rota::bench::TimerPlan::make();
  asio::io_context loop(1);
  std::deque<asio::steady_timer> timers;
  for (std::size_t i = 0; i < plan.timers; ++i) timers.emplace_back(loop);
  std::size_t cancelled = 0;

  // The first pass fills Asio's heap and its recycled handlers; the second is measured.
  for (const bool measured : {false, true}) {
    const std::uint64_t begin_ns = thread_cpu_ns();
    for (std::size_t i = 0; i < plan.timers; ++i) {
      timers[i].expires_after(std::chrono::milliseconds(plan.delays_ms[i]));
      timers[i].async_wait([&](const boost::system::error_code&) { ++cancelled; });
    }
    const std::uint64_t middle_ns = thread_cpu_ns();
    for (const auto i : plan.cancel_order) timers[i].cancel();
    loop.restart();
    loop.run();
    const std::uint64_t end_ns = thread_cpu_ns();
    if (measured) rota::bench::report("timer_insert", plan.timers, middle_ns - begin_ns);
    if (measured) rota::bench::report("timer_cancel", plan.timers, end_ns - middle_ns);
  }
  return cancelled == 2 * plan.timers ? 0 : 1;
}
