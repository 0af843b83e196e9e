#include "net/host_name.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

namespace rota::inline v0 {

namespace {

constexpr std::size_t kLongestName = 253;  // without the dot at its end
constexpr std::size_t kLongestLabel = 63;

bool can_stand_in_a_name(char c) noexcept {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/// The number of an interface, by its name or as it is; none: there is none.
std::optional<std::uint32_t> interface_of(const std::string& scope) noexcept {
  std::uint32_t number = ::if_nametoindex(scope.c_str());
  if (number != 0) return number;
  const char* const end = scope.data() + scope.size();
  const auto [stop, error] = std::from_chars(scope.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<Address> ipv6_in_figures(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  sockaddr_in6 native{};
  native.sin6_family = AF_INET6;
  const std::size_t percent = host.find('%');
  const std::string figures(host.substr(0, percent));
  if (inet_pton(AF_INET6, figures.c_str(), &native.sin6_addr) != 1) return std::nullopt;
  if (percent != std::string_view::npos) {
    const auto scope = interface_of(std::string(host.substr(percent + 1)));
    if (!scope) return std::nullopt;
    native.sin6_scope_id = *scope;
  }
  return Address::from_native(reinterpret_cast<const sockaddr&>(native), sizeof native);
}

}  // namespace

bool is_dns_name(std::string_view name) noexcept {
  name = without_root(name);
  if (name.empty() || name.size() > kLongestName) return false;
  if (!std::ranges::all_of(name, can_stand_in_a_name)) return false;
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t dot = std::min(name.find('.', from), name.size());
    if (dot == from || dot - from > kLongestLabel) return false;
    from = dot + 1;
  }
  return true;
}

std::string in_small_letters(std::string_view name) {
  std::string small(name);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return small;
}

std::string_view without_root(std::string_view name) noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

bool is_localhost(std::string_view name) noexcept {
  return name == "localhost" || name.ends_with(".localhost");
}

std::optional<Address> address_in_figures(std::string_view host) {
  // inet_pton would take what stands before a zero byte for the whole.
  if (host.contains('\0')) return std::nullopt;
  if (host.contains(':')) return ipv6_in_figures(host);
  sockaddr_in native{};
  native.sin_family = AF_INET;
  if (inet_pton(AF_INET, std::string(host).c_str(), &native.sin_addr) != 1) return std::nullopt;
  return Address::from_native(reinterpret_cast<const sockaddr&>(native), sizeof native);
}

}  // namespace rota::inline v0
