#pragma once

// The work of the task benchmarks: how much of it, and how it is measured. A figure has the same
// name in every program that has such an operation:
//
//   spawn_join         start an empty task, wait for its end; one after the other
//   yield_1000         1000 tasks, each of which lets the others run 1000 times
//   channel_ping_pong  one message over a channel of capacity 1; two tasks, a channel each way
//   mutex              lock, count, unlock; as many tasks as threads, all with one mutex

#include "measure.hpp"

#include <cstdint>

namespace rota::bench {

constexpr std::uint64_t kSpawns = 100'000;
constexpr std::uint64_t kYielders = 1000;
constexpr std::uint64_t kYields = 1000;
constexpr std::uint64_t kRoundTrips = 50'000;
constexpr std::uint64_t kLocks = 200'000;  // of each task

/// Measures passes of a work until enough time has gone by, after one that warms caches and
/// allocators. How many it takes is not known before: an operation costs ten nanoseconds, or where
/// it wakes a sleeping thread some ten thousand.
///
///     Passes passes;
///     while (passes.more()) spawn_and_join();
///     passes.report("spawn_join", threads, kSpawns);
class Passes {
 public:
  /// Whether to go on with another pass.
  bool more() {
    begun_ += 1;
    if (begun_ == kFirstMeasured) span_ = ProcessSpan();
    return begun_ <= kFirstMeasured || span_.wall_ns() < kWindowNs;
  }

  /// CPU time of the process; with several threads wall time too, since they also wait.
  void report(const char* name, int threads, std::uint64_t operations_per_pass) const {
    const std::uint64_t operations = (begun_ - kFirstMeasured) * operations_per_pass;
    if (threads > 1) {
      span_.report(name, operations);
    } else {
      bench::report(name, operations, span_.cpu_ns());
    }
  }

 private:
  static constexpr std::uint64_t kFirstMeasured = 2;
  static constexpr std::uint64_t kWindowNs = 100'000'000;

  std::uint64_t begun_ = 0;
  ProcessSpan span_;
};

template <class Work>
void measure_tasks(const char* name, int threads, std::uint64_t operations, Work work) {
  Passes passes;
  while (passes.more()) work();
  passes.report(name, threads, operations);
}

}  // namespace rota::bench
