#pragma once

#include <ares.h>

#include <system_error>

namespace rota::inline v0 {

/// The system calls by which c-ares uses its sockets, for two things that 1.18 gets wrong: it says
/// that the connection was refused where servers did answer, with a failure; and a server that
/// resets its connection would end the process by SIGPIPE.
class DnsSockets {
 public:
  /// From here on `channel` uses them; they must outlive it.
  void use_for(ares_channel channel) noexcept;

  /// Of the last failure by which a server answered; none: no server did.
  [[nodiscard]] std::error_code failure() const noexcept;

 private:
  static ares_socket_t open(int family, int type, int protocol, void* self) noexcept;
  static int close(ares_socket_t socket, void* self) noexcept;
  static int connect(ares_socket_t socket, const sockaddr* to, ares_socklen_t bytes,
                     void* self) noexcept;
  static ares_ssize_t receive(ares_socket_t socket, void* to, std::size_t bytes, int flags,
                              sockaddr* from, ares_socklen_t* from_bytes, void* self) noexcept;
  static ares_ssize_t send(ares_socket_t socket, const iovec* from, int count, void* self) noexcept;

  static const ares_socket_functions kCalls;

  int failed_with_ = 0;  // the response code of a message
};

}  // namespace rota::inline v0
