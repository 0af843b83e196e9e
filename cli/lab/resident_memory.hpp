#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace rota::cli {

/// Bytes of physical memory that a process has, or none when it cannot be read. From its page
/// tables: the counters of /proc/PID/statm lag behind by some pages per CPU.
std::optional<std::uint64_t> resident_bytes_of(pid_t pid);

}  // namespace rota::cli
