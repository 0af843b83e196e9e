#pragma once

#include <rota/core/build_mark.hpp>
#include <rota/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

struct sockaddr;

namespace rota::inline v0 {

/// An IPv4 or IPv6 address with a port. A value; any thread.
class Address {
 public:
  Address() = default;

  /// "127.0.0.1:80", "[::1]:80", "0.0.0.0:0". Fails with `invalid_argument`. Names are not
  /// resolved.
  [[nodiscard]] static Result<Address> parse(std::string_view text);
  [[nodiscard]] static Address loopback(std::uint16_t port) noexcept;
  /// Every IPv4 address of this machine.
  [[nodiscard]] static Address any(std::uint16_t port) noexcept;
  [[nodiscard]] static Address from_native(const sockaddr& address, std::size_t bytes) noexcept;

  [[nodiscard]] std::uint16_t port() const noexcept;
  /// The same host, another port.
  [[nodiscard]] Address with_port(std::uint16_t port) const noexcept;
  [[nodiscard]] bool is_ipv6() const noexcept;
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] const sockaddr* native() const noexcept {
    return reinterpret_cast<const sockaddr*>(bytes_);
  }
  [[nodiscard]] std::uint32_t native_bytes() const noexcept { return length_; }
  [[nodiscard]] int family() const noexcept;

  friend bool operator==(const Address& a, const Address& b) noexcept;

 private:
  static constexpr std::size_t kLargest = 28;  // sockaddr_in6

  alignas(4) unsigned char bytes_[kLargest] = {};
  std::uint32_t length_ = 0;
};

}  // namespace rota::inline v0
