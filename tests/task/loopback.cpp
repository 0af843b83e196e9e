#include "task/loopback.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace rota::testing_tasks {

FullListener::FullListener() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  fds_.push_back(listener);
  Address any = Address::loopback(0);
  EXPECT_EQ(bind(listener, any.native(), any.native_bytes()), 0);
  EXPECT_EQ(listen(listener, 0), 0);
  sockaddr_storage native{};
  socklen_t length = sizeof native;
  EXPECT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&native), &length), 0);
  address_ = Address::from_native(reinterpret_cast<const sockaddr&>(native), length);
  // The kernel admits one connection more than the backlog says; then it answers no further.
  constexpr int kPatienceMs = 50;
  for (int i = 0; i < 8; ++i) {
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    fds_.push_back(client);
    connect(client, address_.native(), address_.native_bytes());
    pollfd connected{.fd = client, .events = POLLOUT, .revents = 0};
    if (poll(&connected, 1, kPatienceMs) == 0) return;
  }
  ADD_FAILURE() << "the listener takes any number of connections";
}

FullListener::~FullListener() {
  for (const int fd : fds_) ::close(fd);
}

Pipe::Pipe() { EXPECT_EQ(pipe2(ends_, O_CLOEXEC | O_NONBLOCK), 0); }

Pipe::~Pipe() {
  ::close(ends_[0]);
  if (ends_[1] >= 0) ::close(ends_[1]);
}

void Pipe::close_writer() { ::close(std::exchange(ends_[1], -1)); }

void Pipe::write_byte() const {
  const char byte = 'x';
  EXPECT_EQ(::write(ends_[1], &byte, 1), 1);
}

void Pipe::fill() const {
  const std::array<char, 4096> block{};
  while (::write(ends_[1], block.data(), block.size()) > 0) {
  }
  EXPECT_EQ(errno, EAGAIN);
}

void Pipe::drain() const {
  std::array<char, 4096> block{};
  while (::read(ends_[0], block.data(), block.size()) > 0) {
  }
  EXPECT_EQ(errno, EAGAIN);
}

}  // namespace rota::testing_tasks
