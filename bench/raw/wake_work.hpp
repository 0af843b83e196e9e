#pragma once

// How soon does an idle worker run what a thread outside its runtime hands it? The workers, however
// many, sleep on the first CPU that the process may use; the thread that hands over is on the same
// CPU or on the second. It sleeps between two hand-overs, so that the worker does as well, and it
// never spins, which would take the worker's CPU or keep the other from halting.
//
//   int main() {
//     const WakeCpus cpus = WakeCpus::take();  // what is started from here on is on the first
//     ... starts the runtime ...
//     measure_wakes(cpus, probe, [&] { ... hands over a task that calls probe.arrive() ... });
//   }

#include "measure.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace rota::bench {

[[noreturn]] inline void give_up(const char* reason) {
  std::fprintf(stderr, "%s\n", reason);
  std::exit(EXIT_FAILURE);
}

inline void pin_to(int cpu) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(cpu, &only);
  if (::sched_setaffinity(0, sizeof only, &only) != 0) give_up("sched_setaffinity failed");
}

struct WakeCpus {
  int workers;
  int other;

  /// Binds the calling thread, and with it every thread that it starts, to the workers' CPU.
  static WakeCpus take() {
    cpu_set_t allowed;
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) {
      give_up("two CPUs are needed");
    }
    WakeCpus cpus{-1, -1};
    for (int cpu = 0; cpus.other < 0; ++cpu) {
      if (CPU_ISSET(cpu, &allowed)) (cpus.workers < 0 ? cpus.workers : cpus.other) = cpu;
    }
    pin_to(cpus.workers);
    return cpus;
  }
};

/// Tells when the task ran. Of one hand-over at a time.
class WakeProbe {
 public:
  /// The first thing that the task does.
  void arrive() noexcept {
    // Release: pairs with the acquire of whoever waits for it, though all that it reads is this.
    arrived_ns_.store(clock_ns(CLOCK_MONOTONIC), std::memory_order_release);
  }

  void expect() noexcept { arrived_ns_.store(0, std::memory_order_relaxed); }
  /// 0: it has not run yet.
  [[nodiscard]] std::uint64_t arrived_ns() const noexcept {
    return arrived_ns_.load(std::memory_order_acquire);
  }

 private:
  alignas(128) std::atomic<std::uint64_t> arrived_ns_{0};
};

/// Long enough for a worker to run the task and to fall asleep again.
inline void let_them_sleep() {
  constexpr timespec pause{0, 200'000};
  ::nanosleep(&pause, nullptr);
}

/// From the hand-over to the task's first instruction.
template <class Post>
std::uint64_t wake_ns(WakeProbe& probe, Post& post) {
  constexpr int patience = 25'000;  // pauses: at least five seconds, after which a wake was lost
  probe.expect();
  let_them_sleep();
  const std::uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
  post();
  for (int pauses = 0; pauses < patience; ++pauses) {
    let_them_sleep();
    const std::uint64_t arrived_ns = probe.arrived_ns();
    if (arrived_ns != 0) return arrived_ns - begin_ns;
  }
  give_up("a task that was handed over did not run");
}

template <class Post>
void measure_placement(const char* name, WakeProbe& probe, Post& post) {
  constexpr std::size_t warm_up = 50;
  constexpr std::size_t wakes = 1000;
  for (std::size_t i = 0; i < warm_up; ++i) wake_ns(probe, post);
  std::vector<std::uint64_t> spans_ns(wakes);
  for (std::uint64_t& span_ns : spans_ns) span_ns = wake_ns(probe, post);
  std::ranges::sort(spans_ns);
  std::printf("{\"name\":\"%s\",\"operations\":%zu,\"p50_ns\":%llu,\"p99_ns\":%llu}\n", name, wakes,
              static_cast<unsigned long long>(spans_ns[wakes / 2]),
              static_cast<unsigned long long>(spans_ns[wakes * 99 / 100]));
  std::fflush(stdout);
}

/// Hands over from the calling thread, on each of the two CPUs.
template <class Post>
void measure_wakes(const WakeCpus& cpus, WakeProbe& probe, Post post) {
  pin_to(cpus.workers);
  measure_placement("wake_same_cpu", probe, post);
  pin_to(cpus.other);
  measure_placement("wake_other_cpu", probe, post);
}

}  // namespace rota::bench
