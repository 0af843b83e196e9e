#include "stress/connection.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

namespace rota::testing_stress {

namespace {

void open_tcp(Ends& ends) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const Address any = Address::loopback(0);
  EXPECT_EQ(::bind(listener, any.native(), any.native_bytes()), 0);
  EXPECT_EQ(::listen(listener, 1), 0);
  sockaddr_storage bound{};
  socklen_t bytes = sizeof bound;
  EXPECT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &bytes), 0);
  ends.left = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::connect(ends.left, reinterpret_cast<sockaddr*>(&bound), bytes), 0);
  ends.right = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  // A reset leaves no port behind that waits.
  const linger reset{.l_onoff = 1, .l_linger = 0};
  EXPECT_EQ(::setsockopt(ends.left, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
  ::close(listener);
}

}  // namespace

Ends::Ends(SocketKind kind) {
  if (kind == SocketKind::tcp) {
    open_tcp(*this);
    return;
  }
  int both[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
  left = both[0];
  right = both[1];
}

}  // namespace rota::testing_stress
