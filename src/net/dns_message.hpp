#pragma once

#include "net/dns_answer.hpp"

#include <span>

namespace rota::inline v0 {

/// Reads the SRV records of a raw answer of a server. Whatever the bytes are, it reads none beyond
/// them; what is malformed anywhere before the end of the answers makes it all `bad_answer`, and
/// no record of the kind `no_data`. Records of other kinds, a chain of CNAMEs, count for the TTL
/// alone.
[[nodiscard]] DnsAnswer read_services(std::span<const unsigned char> message);
/// The same of TXT records.
[[nodiscard]] DnsAnswer read_texts(std::span<const unsigned char> message);

}  // namespace rota::inline v0
