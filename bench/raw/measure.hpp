#pragma once

// What the measurements share: one line of JSON per figure, in nanoseconds per operation. The
// harness repeats the whole program and takes medians, so a figure is one run here.

#include <ctime>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace rota::bench {

inline std::uint64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

/// CPU time of the calling thread: what other processes do on this core is not in it.
inline std::uint64_t thread_cpu_ns() { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

inline void report(const char* name, std::uint64_t operations, std::uint64_t spent_ns) {
  std::printf("{\"name\":\"%s\",\"operations\":%llu,\"ns_per_op\":%.3f}\n", name,
              static_cast<unsigned long long>(operations),
              static_cast<double>(spent_ns) / static_cast<double>(operations));
  std::fflush(stdout);
}

/// For work that sleeps or that other threads do: CPU time of the whole process, and wall time.
class ProcessSpan {
 public:
  [[nodiscard]] std::uint64_t cpu_ns() const {
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_begin_ns_;
  }
  [[nodiscard]] std::uint64_t wall_ns() const { return clock_ns(CLOCK_MONOTONIC) - wall_begin_ns_; }

  void report(const char* name, std::uint64_t operations) const {
    const auto count = static_cast<double>(operations);
    const auto spent_ns = static_cast<double>(cpu_ns());
    std::printf("{\"name\":\"%s\",\"operations\":%.0f,\"ns_per_op\":%.3f,"
                "\"wall_ns_per_op\":%.3f}\n",
                name, count, spent_ns / count, static_cast<double>(wall_ns()) / count);
    std::fflush(stdout);
  }

 private:
  std::uint64_t cpu_begin_ns_ = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  std::uint64_t wall_begin_ns_ = clock_ns(CLOCK_MONOTONIC);
};

/// Runs `work` once to warm caches and allocators, then once measured.
template <class Work>
void measure(const char* name, std::uint64_t operations, Work work) {
  work();
  const std::uint64_t begin_ns = thread_cpu_ns();
  work();
  report(name, operations, thread_cpu_ns() - begin_ns);
}

/// `--threads N`; 1 without it.
inline int threads_of(int count, char** words) {
  for (int i = 1; i + 1 < count; ++i) {
    if (std::strcmp(words[i], "--threads") == 0) return std::atoi(words[i + 1]);
  }
  return 1;
}

}  // namespace rota::bench
