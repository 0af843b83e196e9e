#pragma once

#include <rota/address.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace rota::inline v0 {

/// Whether a server can be asked for it: what `Resolver` says of names.
[[nodiscard]] bool is_dns_name(std::string_view name) noexcept;

/// With ASCII's capitals made small: names differ in nothing else.
[[nodiscard]] std::string in_small_letters(std::string_view name);

/// Without the dot at its end.
[[nodiscard]] std::string_view without_root(std::string_view name) noexcept;

/// "localhost" and what ends with ".localhost", in small letters and without a dot at its end.
[[nodiscard]] bool is_localhost(std::string_view name) noexcept;

/// An address in figures, without a port; IPv6 may stand in brackets and name its interface after a
/// "%".
[[nodiscard]] std::optional<Address> address_in_figures(std::string_view host);

}  // namespace rota::inline v0
