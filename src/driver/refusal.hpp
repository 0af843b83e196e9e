#pragma once

#include <string>

namespace rota::inline v0 {

/// Why a mechanism is not used: what was tried, and what the kernel answered.
struct Refusal {
  std::string mechanism;  ///< "io_uring pinned"
  std::string reason;     ///< sentences for people: what was denied and what would change it
  int error = 0;          ///< errno
};

}  // namespace rota::inline v0
