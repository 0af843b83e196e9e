#include <rota/udp.hpp>

#include "net/socket.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace rota::inline v0 {
namespace {

/// The same option of the two families.
struct FamilyOption {
  int ipv4;
  int ipv6;
};

Result<void> set_ip_option(int fd, bool is_ipv6, FamilyOption option, int value) noexcept {
  return is_ipv6 ? set_option(fd, IPPROTO_IPV6, option.ipv6, value)
                 : set_option(fd, IPPROTO_IP, option.ipv4, value);
}

Result<void> change_membership(int fd, const Address& group, std::uint32_t interface_index,
                               int option) noexcept {
  group_req request{};
  request.gr_interface = interface_index;
  std::memcpy(&request.gr_group, group.native(), group.native_bytes());
  const int level = group.is_ipv6() ? IPPROTO_IPV6 : IPPROTO_IP;
  if (setsockopt(fd, level, option, &request, sizeof request) < 0) return failure(errno);
  return {};
}

Result<void> set_all(int fd, const Address& at, const UdpOptions& options) noexcept {
  Result<void> done;
  if (options.reuse_address) done = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (done && options.reuse_port) done = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (done && at.is_ipv6()) {
    done = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only ? 1 : 0);
  }
  return done;
}

}  // namespace

Result<UdpSocket> UdpSocket::bind(const Address& at, const UdpOptions& options) {
  auto opened = open_socket(at.family(), SocketType::datagram);
  if (!opened) return std::unexpected(opened.error());
  const int fd = fd_of(*opened);
  if (auto set = set_all(fd, at, options); !set) return std::unexpected(set.error());
  if (::bind(fd, at.native(), at.native_bytes()) < 0) return failure(errno);
  return UdpSocket(std::move(*opened));
}

Result<void> UdpSocket::connect(const Address& to) noexcept {
  if (::connect(fd(), to.native(), to.native_bytes()) < 0) return failure(errno);
  return {};
}

Result<void> UdpSocket::set_receive_segments(bool on) noexcept {
  return set_option(fd(), SOL_UDP, UDP_GRO, on ? 1 : 0);
}

Result<void> UdpSocket::set_broadcast(bool on) noexcept {
  return set_option(fd(), SOL_SOCKET, SO_BROADCAST, on ? 1 : 0);
}

Result<void> UdpSocket::set_time_to_live(int hops) noexcept {
  return set_ip_option(fd(), is_ipv6(), {IP_TTL, IPV6_UNICAST_HOPS}, hops);
}

Result<void> UdpSocket::set_send_buffer_bytes(int bytes) noexcept {
  return set_option(fd(), SOL_SOCKET, SO_SNDBUF, bytes);
}

Result<void> UdpSocket::set_receive_buffer_bytes(int bytes) noexcept {
  return set_option(fd(), SOL_SOCKET, SO_RCVBUF, bytes);
}

Result<void> UdpSocket::join_group(const Address& group, std::uint32_t interface_index) noexcept {
  return change_membership(fd(), group, interface_index, MCAST_JOIN_GROUP);
}

Result<void> UdpSocket::leave_group(const Address& group, std::uint32_t interface_index) noexcept {
  return change_membership(fd(), group, interface_index, MCAST_LEAVE_GROUP);
}

Result<void> UdpSocket::set_multicast_interface(std::uint32_t interface_index) noexcept {
  const int index = static_cast<int>(interface_index);
  if (is_ipv6()) return set_option(fd(), IPPROTO_IPV6, IPV6_MULTICAST_IF, index);
  ip_mreqn request{};
  request.imr_ifindex = index;
  if (setsockopt(fd(), IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) < 0) {
    return failure(errno);
  }
  return {};
}

Result<void> UdpSocket::set_multicast_time_to_live(int hops) noexcept {
  return set_ip_option(fd(), is_ipv6(), {IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS}, hops);
}

Result<void> UdpSocket::set_multicast_loop(bool on) noexcept {
  return set_ip_option(fd(), is_ipv6(), {IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP}, on ? 1 : 0);
}

Result<Address> UdpSocket::local_address() const noexcept { return local_address_of(fd()); }

Result<Address> UdpSocket::peer_address() const noexcept { return peer_address_of(fd()); }

bool UdpSocket::is_ipv6() const noexcept {
  const Result<Address> local = local_address();
  return local && local->is_ipv6();
}

}  // namespace rota::inline v0
