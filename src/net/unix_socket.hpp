#pragma once

#include <rota/core/descriptor_ref.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>
#include <rota/unix_address.hpp>
#include <rota/unix_stream.hpp>

#include <system_error>
#include <utility>

namespace rota::inline v0 {

/// What the types of Unix sockets share.

Result<void> bind_unix(int fd, const UnixAddress& at, SocketType type, StalePath stale) noexcept;
Result<void> listen_unix(int fd, const UnixAddress& at, SocketType type,
                         const UnixListenOptions& options) noexcept;
Result<std::pair<DescriptorRef, DescriptorRef>> unix_pair(SocketType type) noexcept;
Result<UnixAddress> local_unix_address_of(int fd) noexcept;
Result<UnixAddress> peer_unix_address_of(int fd) noexcept;
Result<PeerCredentials> peer_credentials_of(int fd) noexcept;

/// Whether the peer has no room: it is asked again.
[[nodiscard]] inline bool has_no_room(const std::error_code& error) noexcept {
  return error == std::errc::resource_unavailable_try_again;
}

/// Connects, and where the listener's queue is full asks again after a pause, until there is room.
[[nodiscard]] Task<Result<DescriptorRef>> connect_unix(UnixAddress to, SocketType type);

}  // namespace rota::inline v0
