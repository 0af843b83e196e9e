#pragma once

#include <liburing.h>

#include <cstdint>

namespace rota::inline v0 {

/// What the kernel's io_uring knows and liburing 2.3 does not name yet. Numbers of the kernel's
/// ABI: they never change. Each is used only where a probe showed that the kernel has it.
inline constexpr int kOpFtruncate = 55;      ///< IORING_OP_FTRUNCATE, Linux 6.9
inline constexpr int kOpReadMultishot = 49;  ///< IORING_OP_READ_MULTISHOT, Linux 6.7
inline constexpr int kOpWaitid = 50;         ///< IORING_OP_WAITID, Linux 6.7
inline constexpr int kOpFutexWait = 51;      ///< IORING_OP_FUTEX_WAIT, Linux 6.7
inline constexpr int kOpInstall = 54;        ///< IORING_OP_FIXED_FD_INSTALL, Linux 6.8
inline constexpr int kOpBind = 56;           ///< IORING_OP_BIND, Linux 6.11; IORING_OP_LISTEN next
inline constexpr int kOpReceiveInPlace = 58; ///< IORING_OP_RECV_ZC, Linux 6.15
inline constexpr int kOpEpollWait = 59;      ///< IORING_OP_EPOLL_WAIT, Linux 6.15
inline constexpr int kOpPipe = 62;           ///< IORING_OP_PIPE, Linux 6.16
/// IORING_SEND_ZC_REPORT_USAGE and IORING_NOTIF_USAGE_ZC_COPIED, Linux 6.2: whether a send in place
/// has been one.
inline constexpr unsigned kReportCopies = 1u << 3;
inline constexpr std::uint32_t kWasCopied = 1u << 31;

inline constexpr unsigned kBufferRingInParts = 1U << 1;  ///< IOU_PBUF_RING_INC, Linux 6.12
/// What io_uring_buf_reg has had since Linux 5.19, with what was padding before Linux 6.12.
struct RingOfBuffers {
  std::uint64_t address = 0;
  std::uint32_t entries = 0;
  std::uint16_t group = 0;
  std::uint16_t flags = 0;
  std::uint64_t reserved[3] = {};
};
static_assert(sizeof(RingOfBuffers) == sizeof(io_uring_buf_reg));

inline constexpr unsigned kSetupNoSqArray = 1U << 16;    ///< IORING_SETUP_NO_SQARRAY, Linux 6.6
inline constexpr unsigned kSetupHybridIopoll = 1U << 17; ///< IORING_SETUP_HYBRID_IOPOLL, Linux 6.13
inline constexpr unsigned kFeatRingByIndex = 1U << 13; ///< IORING_FEAT_REG_REG_RING, Linux 6.3
inline constexpr unsigned kFeatBundle = 1U << 14;      ///< IORING_FEAT_RECVSEND_BUNDLE, Linux 6.10
inline constexpr unsigned kFeatMinTimeout = 1U << 15;  ///< IORING_FEAT_MIN_TIMEOUT, Linux 6.12
inline constexpr unsigned kFeatRwAttr = 1U << 16;      ///< IORING_FEAT_RW_ATTR, Linux 6.14
/// io_uring_getevents_arg with what was padding before Linux 6.12.
struct RingWait {
  std::uint64_t signals = 0;
  std::uint32_t signals_bytes = 0;
  std::uint32_t min_wait_us = 0;
  std::uint64_t limit = 0;  ///< address of a timespec
};
static_assert(sizeof(RingWait) == sizeof(io_uring_getevents_arg));

inline constexpr unsigned kRegisterNapi = 27;  ///< IORING_REGISTER_NAPI, Linux 6.9
/// What it reads, and where it writes what was before.
struct RingNapi {
  std::uint32_t busy_poll_us = 0;
  std::uint8_t prefers_busy_poll = 0;
  std::uint8_t operation = 0;  ///< 0: all that it reads is set
  std::uint8_t padding[2] = {};
  std::uint32_t operand = 0;   ///< 0: of the cards by which data came to the ring's sockets
  std::uint32_t reserved = 0;
};

inline constexpr std::int32_t kRestarts = -512;  ///< ERESTARTSYS, the kernel's own

inline constexpr unsigned kRegisterSendMessage = 31;  ///< IORING_REGISTER_SEND_MSG_RING, Linux 6.13
inline constexpr unsigned kMessagePassesFlags = 1U << 1;  ///< IORING_MSG_RING_FLAGS_PASS, Linux 6.3

}  // namespace rota::inline v0
