#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace rota::cli {

enum class WorkloadKind : std::uint8_t { echo, read, sleep, timeout };

/// One thing that the lab measures under every driver.
struct Workload {
  WorkloadKind kind;
  std::string_view name;         ///< on the command line
  std::string_view family;       ///< likewise; names several
  std::string_view title;        ///< in reports
  std::string_view operation;    ///< what is counted, in the singular
  std::string_view latency;      ///< what the percentiles are of; empty: nothing waits
  std::string_view description;  ///< a sentence
  std::uint32_t operation_bytes; ///< 0 where no data moves
  std::uint32_t width;           ///< connections, reads in flight, tasks
  std::uint32_t counted;         ///< operations of the pass that counts system calls
  bool direct = false;           ///< reads past the page cache
};

inline constexpr std::uint32_t live_timers = 100'000;  ///< beside the `timeout` workload

inline constexpr std::array<Workload, 7> workloads{{
    {WorkloadKind::echo, "echo-64", "echo", "TCP echo, 64 B × 64 connections", "echo",
     "round trip",
     "64 connections, each with one message of 64 bytes under way; the load generator is a process "
     "of its own.",
     64, 64, 12'800},
    {WorkloadKind::echo, "echo-4k", "echo", "TCP echo, 4 KiB × 64 connections", "echo",
     "round trip", "The same with messages of 4 KiB.", 4096, 64, 12'800},
    {WorkloadKind::read, "read-qd1", "files", "Random 4 KiB reads, one at a time", "read", "read",
     "One task reads 4 KiB at random offsets of a file that is in the page cache.", 4096, 1,
     5'000},
    {WorkloadKind::read, "read-qd32", "files", "Random 4 KiB reads, 32 at a time", "read", "read",
     "32 tasks do the same.", 4096, 32, 6'400},
    {WorkloadKind::read, "direct-qd32", "files", "Random 4 KiB direct reads, 32 at a time", "read",
     "read", "32 tasks do the same past the page cache (O_DIRECT): the device decides.", 4096, 32,
     3'200, true},
    {WorkloadKind::sleep, "sleep", "timers", "10,000 tasks asleep for 1 to 50 ms", "sleep",
     "lateness",
     "10,000 tasks sleep for random times, again and again; how late each wakes is recorded.", 0,
     10'000, 20'000},
    {WorkloadKind::timeout, "timeout", "timers", "A timeout set and called off, 100,000 live",
     "timeout", "",
     "64 tasks run something short under timeout(), which inserts a timer and cancels it, among "
     "100,000 timers that are far off.",
     0, 64, 20'000},
}};

}  // namespace rota::cli
