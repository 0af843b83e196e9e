#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace rota::cli {

/// CPU time of another process, all threads together, as the scheduler accounts it. It is read
/// from schedstat and not from stat, whose ticks are far too coarse for a window of a second.
struct ProcessClock {
  std::uint64_t cpu_ns = 0;   ///< Time on a CPU.
  std::uint64_t wait_ns = 0;  ///< Time runnable but not running: noise, when it is not small.

  /// The sum over the threads alive now; empty when the process cannot be read. A thread that
  /// ended takes its time with it, so a server under test should keep its threads.
  static std::optional<ProcessClock> read(pid_t pid);
  /// Of the calling thread alone.
  static std::optional<ProcessClock> read_this_thread();

  [[nodiscard]] ProcessClock since(const ProcessClock& earlier) const noexcept {
    return {.cpu_ns = cpu_ns - earlier.cpu_ns, .wait_ns = wait_ns - earlier.wait_ns};
  }
};

}  // namespace rota::cli
