#pragma once

#include <rota/core/cancel_loss.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/owned_fd.hpp>
#include <rota/result.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <span>

namespace rota::inline v0 {

/// What came over a Unix socket, with open files beside the bytes.
struct BytesAndFds {
  std::size_t bytes = 0;
  std::size_t fds = 0;         ///< how many of those that were given for them are open now
  bool truncated = false;      ///< a message was longer than the buffer, and the rest of it is gone
  bool fds_truncated = false;  ///< more fds came than there was room for, or than this process may
                               ///< have: what is not in the result is closed
};

/// Room for all the fds that the kernel passes with one message.
struct alignas(cmsghdr) FdControl {
  static constexpr std::size_t kMostFds = 253;  // SCM_MAX_FD

  std::byte bytes[CMSG_SPACE(kMostFds * sizeof(int))];
};

/// Bytes with fds beside them, which stay the caller's too.
class SendFdsLeaf : public OperationLeaf<Message> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  /// More than 253 fds are `invalid_argument`.
  SendFdsLeaf(Descriptor* descriptor, std::span<const std::byte> from,
              std::span<const int> fds) noexcept;
  Result<std::size_t> finish() const noexcept {
    if (operation_.result < 0) return failure(-operation_.result);
    return static_cast<std::size_t>(operation_.result);
  }

 private:
  msghdr header_{};
  iovec part_;
  FdControl control_;
};

/// Bytes with the fds that come beside them: closed on exec from the start, and owned or closed.
class ReceiveFdsLeaf : public OperationLeaf<Message> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  ReceiveFdsLeaf(Descriptor* descriptor, std::span<std::byte> into,
                 std::span<OwnedFd> fds) noexcept;
  Result<BytesAndFds> finish() noexcept;

 private:
  void take_fds(BytesAndFds& came) noexcept;

  msghdr header_{};
  iovec part_;
  std::span<OwnedFd> fds_;
  FdControl control_;
};

}  // namespace rota::inline v0
