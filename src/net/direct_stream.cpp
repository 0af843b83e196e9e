#include <rota/direct_stream.hpp>

#include <rota/tcp.hpp>

#include "core/descriptor.hpp"
#include "net/socket.hpp"

#include <cerrno>
#include <new>
#include <utility>

namespace rota::inline v0 {

/// What becomes of the connection is settled before there is one: for whoever got a place and found
/// no memory there would be no way to close it.
bool DirectAcceptLeaf::start(Runnable& self) noexcept {
  if (!may_give_place(self)) return AcceptWait::start(self);
  try {
    reserved_ = &reserve_socket();
  } catch (const std::bad_alloc&) {
    return end_alone(ENOMEM);
  }
  return start_alone(self, op_wants_place);
}

Result<DirectStream> DirectAcceptLeaf::finish() noexcept {
  Result<DescriptorRef> accepted = reserved_ == nullptr ? take() : take_into(*reserved_);
  if (!accepted) return std::unexpected(accepted.error());
  return DirectStream(std::move(*accepted));
}

Result<TcpStream> InstallLeaf::finish() noexcept {
  if (operation_.result < 0) return failure(-operation_.result);
  return TcpStream(std::move(connection_));
}

Await<StatusLeaf<ShutDown>> DirectStream::shutdown(ShutdownHalf half) noexcept {
  return Await<StatusLeaf<ShutDown>>(std::in_place, descriptor_.get(), native_half(half));
}

}  // namespace rota::inline v0
