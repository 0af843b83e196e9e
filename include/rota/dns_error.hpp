#pragma once

#include <rota/core/build_mark.hpp>

#include <cstdint>
#include <system_error>
#include <type_traits>

namespace rota::inline v0 {

/// Why a name yields nothing, where the network itself did not fail: errors of the category "dns".
enum class DnsError : std::uint8_t {
  not_found = 1,    ///< no such name (NXDOMAIN), in none of the search domains
  no_data,          ///< the name exists, and has nothing of the kind that was asked for
  refused,          ///< the servers do not answer this client
  server_failure,   ///< the servers could not find out (SERVFAIL)
  not_implemented,  ///< the servers do not know the kind of question
  bad_query,        ///< the servers could not read the question
  bad_name,         ///< not a name: see `Resolver`
  bad_answer,       ///< what came back is no answer that can be read
};

/// The category of every DnsError.
[[nodiscard]] const std::error_category& dns_category() noexcept;

/// Makes `result.error() == DnsError::not_found` work.
[[nodiscard]] inline std::error_code make_error_code(DnsError error) noexcept {
  return std::error_code(static_cast<int>(error), dns_category());
}

}  // namespace rota::inline v0

template <>
struct std::is_error_code_enum<rota::DnsError> : std::true_type {};
