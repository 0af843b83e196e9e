#pragma once

#include <rota/core/build_mark.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace rota::inline v0 {

/// Whether something may be used here, or that it is a plain fact (a limit, a count).
enum class Availability : std::uint8_t { yes, no, fact };

/// One thing that this kernel and this process may use, or may not.
struct Capability {
  std::string name;   ///< "io_uring pinned", "RLIMIT_NOFILE"
  std::string group;  ///< "driver", "file engine", "io_uring", "kernel", "system calls", "process",
                      ///< "processor", "placement", "costs", "waiting", "names"
  Availability available = Availability::fact;
  std::string detail;  ///< a value, what it is for, or the exact reason why not
};

/// Asks the kernel, by trying each thing and undoing it, or by its own list of what it supports:
/// no version is read.
/// Groups are contiguous and always in the same order. Blocks for a few milliseconds, and starts
/// threads that end within them; any thread, though it should not be one whose signal mask or
/// limits are unusual.
[[nodiscard]] std::vector<Capability> probe_capabilities();

}  // namespace rota::inline v0
