#pragma once

#include <rota/address.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/result.hpp>
#include <rota/socket_stream.hpp>

namespace rota::inline v0 {

/// What the types of all families share: sockets as the current driver wants them.

Result<DescriptorRef> open_socket(int family, SocketType type) noexcept;
/// The number of socket(2) for it.
[[nodiscard]] int native_type(SocketType type) noexcept;
/// Takes charge of a socket that was made with `socket_flags()`; closes it when that fails.
Result<DescriptorRef> adopt_socket(int fd) noexcept;
/// The same for a socket from elsewhere, whose mode is changed to what the driver wants.
Result<DescriptorRef> adopt_foreign_socket(int fd) noexcept;
/// SHUT_RD and the like.
[[nodiscard]] int native_half(ShutdownHalf half) noexcept;
Result<void> shut_down(int fd, ShutdownHalf half) noexcept;
Result<void> set_option(int fd, int level, int name, int value) noexcept;
Result<Address> local_address_of(int fd) noexcept;
Result<Address> peer_address_of(int fd) noexcept;

}  // namespace rota::inline v0
