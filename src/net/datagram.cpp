#include <rota/core/datagram_leaves.hpp>

#include <netinet/in.h>
#include <netinet/udp.h>

#include <cstring>

namespace rota::inline v0 {

void send_in_segments(msghdr& header, SegmentControl& control, std::uint16_t bytes) noexcept {
  control = {};
  header.msg_control = control.bytes;
  header.msg_controllen = CMSG_SPACE(sizeof bytes);
  cmsghdr* beside = CMSG_FIRSTHDR(&header);
  beside->cmsg_level = SOL_UDP;
  beside->cmsg_type = UDP_SEGMENT;
  beside->cmsg_len = CMSG_LEN(sizeof bytes);
  std::memcpy(CMSG_DATA(beside), &bytes, sizeof bytes);
}

std::size_t received_segment_bytes(const msghdr& header) noexcept {
  const cmsghdr* beside = CMSG_FIRSTHDR(&header);
  if (beside == nullptr || beside->cmsg_level != SOL_UDP || beside->cmsg_type != UDP_GRO) return 0;
  int bytes = 0;
  std::memcpy(&bytes, CMSG_DATA(beside), sizeof bytes);
  return static_cast<std::size_t>(bytes);
}

}  // namespace rota::inline v0
