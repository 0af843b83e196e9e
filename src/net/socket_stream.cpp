#include <rota/socket_stream.hpp>

#include "core/descriptor.hpp"
#include "net/socket.hpp"

#include <sys/socket.h>

namespace rota::inline v0 {

Result<void> SocketStream::shutdown(ShutdownHalf half) noexcept { return shut_down(fd(), half); }

Result<void> SocketStream::set_send_buffer_bytes(int bytes) noexcept {
  return set_option(fd(), SOL_SOCKET, SO_SNDBUF, bytes);
}

Result<void> SocketStream::set_receive_buffer_bytes(int bytes) noexcept {
  return set_option(fd(), SOL_SOCKET, SO_RCVBUF, bytes);
}

bool ConnectWait::start_connect(Runnable& self, const void* address,
                                std::uint32_t address_bytes) noexcept {
  auto opened = open_socket(static_cast<const sockaddr*>(address)->sa_family, type_);
  if (!opened) {
    operation_.result = -opened.error().value();
    return false;
  }
  descriptor_ = std::move(*opened);
  operation_.address = address;
  operation_.address_bytes = address_bytes;
  operation_.descriptor = descriptor_.get();
  operation_.waiter = &self;
  operation_.cancel = cancel_operation;
  return submit(operation_, node_);
}

Result<DescriptorRef> ConnectWait::take() noexcept {
  if (operation_.result < 0) return failure(-operation_.result);
  return std::move(descriptor_);
}

}  // namespace rota::inline v0
