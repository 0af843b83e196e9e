#include <rota/core/fd_leaves.hpp>

#include <cstring>

namespace rota::inline v0 {

SendFdsLeaf::SendFdsLeaf(Descriptor* descriptor, std::span<const std::byte> from,
                         std::span<const int> fds) noexcept
    : OperationLeaf(descriptor, OpCode::send_message, &header_, 0),
      part_{const_cast<std::byte*>(from.data()), from.size()} {
  header_.msg_iov = &part_;
  header_.msg_iovlen = 1;
  if (fds.empty()) return;
  // One more than there is room for lets the kernel refuse it (EINVAL).
  header_.msg_control = control_.bytes;
  header_.msg_controllen = sizeof control_.bytes;
  cmsghdr* beside = CMSG_FIRSTHDR(&header_);
  beside->cmsg_level = SOL_SOCKET;
  beside->cmsg_type = SCM_RIGHTS;
  beside->cmsg_len = CMSG_LEN(fds.size_bytes());
  if (fds.size() > FdControl::kMostFds) return;
  header_.msg_controllen = CMSG_SPACE(fds.size_bytes());
  std::memcpy(CMSG_DATA(beside), fds.data(), fds.size_bytes());
}

ReceiveFdsLeaf::ReceiveFdsLeaf(Descriptor* descriptor, std::span<std::byte> into,
                               std::span<OwnedFd> fds) noexcept
    : OperationLeaf(descriptor, OpCode::receive_message, &header_, MSG_CMSG_CLOEXEC),
      part_{into.data(), into.size()},
      fds_(fds) {
  header_.msg_iov = &part_;
  header_.msg_iovlen = 1;
  header_.msg_control = control_.bytes;
  header_.msg_controllen = sizeof control_.bytes;
}

Result<BytesAndFds> ReceiveFdsLeaf::finish() noexcept {
  if (operation_.result < 0) return failure(-operation_.result);
  BytesAndFds came;
  came.bytes = static_cast<std::size_t>(operation_.result);
  came.truncated = (header_.msg_flags & MSG_TRUNC) != 0;
  came.fds_truncated = (header_.msg_flags & MSG_CTRUNC) != 0;
  take_fds(came);
  return came;
}

/// Where some were lost on the way nobody can tell which are left: none is given out.
void ReceiveFdsLeaf::take_fds(BytesAndFds& came) noexcept {
  const bool lost = came.fds_truncated;
  for (cmsghdr* beside = CMSG_FIRSTHDR(&header_); beside != nullptr;
       beside = CMSG_NXTHDR(&header_, beside)) {
    if (beside->cmsg_level != SOL_SOCKET || beside->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (beside->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(beside) + i * sizeof number, sizeof number);
      OwnedFd fd(number);
      if (lost || came.fds == fds_.size()) {
        came.fds_truncated = true;
      } else {
        fds_[came.fds++] = std::move(fd);
      }
    }
  }
}

}  // namespace rota::inline v0
