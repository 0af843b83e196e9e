#include <rota/address.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <cstddef>
#include <cstring>

namespace rota::inline v0 {

namespace {

static_assert(sizeof(sockaddr_in6) <= 28);
// Where the port stands does not depend on the family.
static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));

Address from_ipv4(in_addr host, std::uint16_t port) noexcept {
  sockaddr_in native{};
  native.sin_family = AF_INET;
  native.sin_port = htons(port);
  native.sin_addr = host;
  return Address::from_native(reinterpret_cast<const sockaddr&>(native), sizeof native);
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  // inet_pton would take what stands before a zero byte for the whole.
  if (text.contains('\0')) return failure(EINVAL);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return failure(EINVAL);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return failure(EINVAL);

  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    const std::string inner(host.substr(1, host.size() - 2));
    sockaddr_in6 native{};
    native.sin6_family = AF_INET6;
    native.sin6_port = htons(port);
    if (inet_pton(AF_INET6, inner.c_str(), &native.sin6_addr) != 1) return failure(EINVAL);
    return from_native(reinterpret_cast<const sockaddr&>(native), sizeof native);
  }
  in_addr native{};
  if (inet_pton(AF_INET, std::string(host).c_str(), &native) != 1) return failure(EINVAL);
  return from_ipv4(native, port);
}

Address Address::loopback(std::uint16_t port) noexcept {
  return from_ipv4(in_addr{htonl(INADDR_LOOPBACK)}, port);
}

Address Address::any(std::uint16_t port) noexcept {
  return from_ipv4(in_addr{htonl(INADDR_ANY)}, port);
}

Address Address::from_native(const sockaddr& address, std::size_t bytes) noexcept {
  Address result;
  result.length_ = static_cast<std::uint32_t>(bytes < kLargest ? bytes : kLargest);
  std::memcpy(result.bytes_, &address, result.length_);
  return result;
}

int Address::family() const noexcept { return length_ == 0 ? AF_UNSPEC : native()->sa_family; }

bool Address::is_ipv6() const noexcept { return family() == AF_INET6; }

std::uint16_t Address::port() const noexcept {
  sockaddr_in native{};  // the port stands at the same place in both families
  std::memcpy(&native, bytes_, sizeof native);
  return ntohs(native.sin_port);
}

Address Address::with_port(std::uint16_t port) const noexcept {
  Address result = *this;
  if (family() == AF_UNSPEC) return result;
  const std::uint16_t in_network_order = htons(port);
  std::memcpy(result.bytes_ + offsetof(sockaddr_in, sin_port), &in_network_order,
              sizeof in_network_order);
  return result;
}

std::string Address::to_string() const {
  char host[INET6_ADDRSTRLEN] = "";
  if (is_ipv6()) {
    sockaddr_in6 native{};
    std::memcpy(&native, bytes_, sizeof native);
    inet_ntop(AF_INET6, &native.sin6_addr, host, sizeof host);
    return "[" + std::string(host) + "]:" + std::to_string(port());
  }
  sockaddr_in native{};
  std::memcpy(&native, bytes_, sizeof native);
  inet_ntop(AF_INET, &native.sin_addr, host, sizeof host);
  return std::string(host) + ":" + std::to_string(port());
}

bool operator==(const Address& a, const Address& b) noexcept {
  return a.length_ == b.length_ && std::memcmp(a.bytes_, b.bytes_, a.length_) == 0;
}

}  // namespace rota::inline v0
