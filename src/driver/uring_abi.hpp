#pragma once

#include <liburing.h>

namespace rota::inline v0 {

/// What the kernel's io_uring knows and liburing 2.3 does not name yet. Numbers of the kernel's
/// ABI: they never change. Each is used only where a probe showed that the kernel has it.
inline constexpr int kOpFtruncate = 55;  ///< IORING_OP_FTRUNCATE, Linux 6.9

}  // namespace rota::inline v0
