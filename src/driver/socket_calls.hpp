#pragma once

#include <rota/core/platform.hpp>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace rota::inline v0 {

// recv(2) and send(2) without what glibc does around them in a program that has threads: there they
// are points at which a thread can be cancelled, and two locked instructions (in 2.36) say so and
// take it back. Nobody may cancel a thread that carries a worker.
//
// A sanitizer sees what glibc's functions do, and nothing below them.

inline ssize_t receive_bytes(int fd, void* into, std::size_t bytes, int flags) noexcept {
  if constexpr (address_sanitizer || thread_sanitizer) return ::recv(fd, into, bytes, flags);
  return ::syscall(SYS_recvfrom, fd, into, bytes, flags, nullptr, nullptr);
}

inline ssize_t send_bytes(int fd, const void* from, std::size_t bytes, int flags) noexcept {
  if constexpr (address_sanitizer || thread_sanitizer) return ::send(fd, from, bytes, flags);
  return ::syscall(SYS_sendto, fd, from, bytes, flags, nullptr, 0);
}

}  // namespace rota::inline v0
