#pragma once

#include <string>

namespace rota::inline v0 {

/// Why a mechanism is not used: what was tried, and what the kernel answered.
struct Refusal {
  std::string mechanism;  ///< "io_uring pinned"
  std::string reason;     ///< sentences for people: what was denied and what would change it
  int error = 0;          ///< errno
};

/// That `call` answered `error` to whoever prepared the mechanism. It is named as filters of system
/// calls name it: epoll_create1, eventfd2.
Refusal refused_call(const char* mechanism, const char* call, int error);

}  // namespace rota::inline v0
