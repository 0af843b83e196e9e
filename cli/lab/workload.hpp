#pragma once

#include <cstdint>
#include <string_view>

namespace rota::cli {

enum class WorkloadKind : std::uint8_t { echo, connect, idle, read, sleep, timeout };

/// Another process connects to its cell.
constexpr bool is_served(WorkloadKind kind) {
  return kind == WorkloadKind::echo || kind == WorkloadKind::connect || kind == WorkloadKind::idle;
}

/// Whether the page cache has the file that is read when a measurement begins.
enum class PageCache : std::uint8_t { warm, cold };

/// How a file is read: through the page cache, or past it.
enum class FilePath : std::uint8_t { buffered, direct };

/// Whether a lab for which no workload was named measures it.
enum class Measured : std::uint8_t { always, when_named };

/// One thing that the lab measures under every driver.
struct Workload {
  WorkloadKind kind;
  std::string_view name;          ///< on the command line
  std::string_view family;        ///< likewise; names several
  std::string_view title;         ///< in reports
  std::string_view operation;     ///< what is counted, in the singular
  std::string_view latency;       ///< what the percentiles are of; empty: nothing waits
  std::string_view description;   ///< a sentence
  std::uint32_t operation_bytes;  ///< 0 where no data moves
  std::uint32_t width;            ///< connections, reads in flight, tasks
  std::uint32_t counted;          ///< operations of the pass that counts system calls; 0: none is
  Measured measured = Measured::when_named;
  PageCache cache = PageCache::warm;
  FilePath path = FilePath::buffered;
};

}  // namespace rota::cli
