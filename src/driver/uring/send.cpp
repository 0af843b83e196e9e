#include "driver/uring/uring.hpp"

#include "driver/perform.hpp"
#include "driver/uring/bits.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace rota::inline v0 {
namespace {

/// Below this a copy costs less than to pin the pages, and a completion more.
constexpr std::size_t kLeastInPlace = 16 * 1024;

/// A connection whose sends the kernel copies all the same, as the loopback interface does, pays
/// for both: it is not asked again.
constexpr std::uint8_t kCopiedToGiveUp = 4;

}  // namespace

bool UringDriver::sends_in_place(const Operation& operation) const noexcept {
  if (operation.code != OpCode::write_in_place || !ring_.can(ring_sends_in_place)) return false;
  const Descriptor& to = *operation.descriptor;
  if (to.placed) return false;  // To let go of them takes a number.
  if (to.kind != FdKind::socket || to.copied_sends >= kCopiedToGiveUp) return false;
  return remainder(static_cast<const Transfer&>(operation)).bytes >= kLeastInPlace;
}

/// What has its count is no request any more that could be cancelled, and the peer may take its
/// time, or be gone. A connection that is reset holds no bytes.
void UringDriver::let_go(const Operation& sent) noexcept {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  ::connect(sent.descriptor->fd, &nobody, sizeof nobody);
}

/// First comes the count or an error, and later that the bytes were let go.
void UringDriver::on_send_in_place(Transfer& transfer, std::int32_t result, std::uint32_t flags) {
  if ((flags & IORING_CQE_F_NOTIF) == 0) transfer.result = result;
  if ((flags & IORING_CQE_F_MORE) != 0) {
    transfer.driver_bits |= bit_sent;
    if (transfer.stopping) let_go(transfer);
    return;
  }
  transfer.driver_bits &= ~(bit_in_place | bit_sent);
  std::uint8_t& copied_sends = transfer.descriptor->copied_sends;
  // What is no TCP or UDP socket has no such send, and whoever may lock no more memory none either:
  // the bytes are sent as others are.
  if (transfer.result == -EOPNOTSUPP || transfer.result == -ENOMEM) {
    if (copied_sends < kCopiedToGiveUp) counters().demoted_sends += 1;
    copied_sends = kCopiedToGiveUp;
    transfer.result = -EINTR;
  }
  if ((flags & IORING_CQE_F_NOTIF) != 0 && transfer.result > 0) {
    const bool copied = (static_cast<std::uint32_t>(result) & kWasCopied) != 0;
    copied_sends = static_cast<std::uint8_t>(copied ? copied_sends + 1 : 0);
    if (copied_sends == kCopiedToGiveUp) counters().demoted_sends += 1;
  }
  on_attempt(transfer, transfer.result);
}

}  // namespace rota::inline v0
