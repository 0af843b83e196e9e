#pragma once

#include <rota/address.hpp>
#include <rota/core/instant.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>
#include <rota/tcp.hpp>

#include <vector>

namespace rota::inline v0 {

/// When the next address is tried while the ones before are not decided (RFC 8305, section 5).
inline constexpr Duration kConnectionAttemptDelay{250'000'000};

/// The order in which addresses are tried (RFC 8305, section 4): as they come, but so that the two
/// families take turns, beginning with that of the first.
[[nodiscard]] std::vector<Address> interleave_families(std::vector<Address> addresses);

/// Connects to the first of these addresses of one host that answers: they are tried in the order
/// of `interleave_families`, the next one when the last has failed, or has not answered within
/// `delay`. The first connection wins; the other attempts are cancelled and waited for, and what
/// they had connected is closed.
///
/// @threads one task
/// @loses the attempts, which are cancelled and waited for
/// @owns the addresses are the call's
/// @errors where all fail that of the first address, which its host prefers, as TcpStream::connect;
/// `invalid_argument` without any address
[[nodiscard]] Task<Result<TcpStream>> connect_to_any(std::vector<Address> addresses,
                                                     Duration delay = kConnectionAttemptDelay);

}  // namespace rota::inline v0
