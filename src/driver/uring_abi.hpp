#pragma once

#include <liburing.h>

#include <cstdint>

namespace rota::inline v0 {

/// What the kernel's io_uring knows and liburing 2.3 does not name yet. Numbers of the kernel's
/// ABI: they never change. Each is used only where a probe showed that the kernel has it.
inline constexpr int kOpFtruncate = 55;      ///< IORING_OP_FTRUNCATE, Linux 6.9
inline constexpr int kOpReadMultishot = 49;  ///< IORING_OP_READ_MULTISHOT, Linux 6.7
/// IORING_SEND_ZC_REPORT_USAGE and IORING_NOTIF_USAGE_ZC_COPIED, Linux 6.2: whether a send in place
/// has been one.
inline constexpr unsigned kReportCopies = 1u << 3;
inline constexpr std::uint32_t kWasCopied = 1u << 31;

}  // namespace rota::inline v0
