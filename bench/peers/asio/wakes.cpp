// Wakes of an idle io_context from a thread that does not run it (bench/raw/wake_work.hpp).
//
//   asio_wakes [--threads N]

#include <boost/asio.hpp>

#include <chrono>
#include <thread>
#include <vector>

#include "bench/raw/wake_work.hpp"

int main(int count, char** words) {
  using namespace rota::bench;
  namespace asio = boost::asio;
  const int threads = threads_of(count, words);
  const WakeCpus cpus = WakeCpus::take();
  asio::io_context loop(threads);
  // Keeps the loop from ending, and has it sleep in epoll_wait as it does once there is any I/O:
  // without it the threads would only wait on a condition variable.
  asio::steady_timer later(loop, std::chrono::hours(1));
  later.async_wait([](const boost::system::error_code&) {});
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) workers.emplace_back([&loop] { loop.run(); });
  WakeProbe probe;
  measure_wakes(cpus, probe, [&] { asio::post(loop, [&probe] { probe.arrive(); }); });
  loop.stop();
  for (std::thread& worker : workers) worker.join();
}
