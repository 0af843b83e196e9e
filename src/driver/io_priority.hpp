#pragma once

#include <rota/core/operation.hpp>

#include <linux/ioprio.h>

#include <cstdint>

namespace rota::inline v0 {

/// As ioprio_set(2), an entry of a ring and an iocb take it; 0: nothing is said.
[[nodiscard]] constexpr std::uint16_t kernel_priority(IoPriority priority) noexcept {
  constexpr int urgent = 0;  // of the levels of the best-effort class, which everybody may use
  constexpr int patient = IOPRIO_NR_LEVELS - 1;
  switch (priority) {
    case IoPriority::normal: return 0;
    case IoPriority::high: return IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, urgent);
    case IoPriority::low: return IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, patient);
    case IoPriority::idle: return IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0);
  }
  return 0;
}

}  // namespace rota::inline v0
