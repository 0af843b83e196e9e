#include <rota/socket_listener.hpp>

#include <rota/core/worker_calls.hpp>

#include "core/descriptor.hpp"
#include "net/socket.hpp"
#include "net/stream_state.hpp"

#include <sys/socket.h>

#include <new>

namespace rota::inline v0 {

namespace {

struct AcceptState : StreamState {
  static constexpr std::size_t kRingResults = 128;

  AcceptState() noexcept : StreamState(OpCode::accept, ring) {}

  ShortRead short_read = ShortRead::unasked;  ///< of what is accepted, which is as the listener
  StreamResult ring[kRingResults];
};

}  // namespace

bool AcceptWait::start(Runnable& self) noexcept {
  const bool here = from_ != nullptr && settle_here(*from_, self);
  return here ? wait_here(self) : start_alone(self, 0);
}

bool AcceptWait::may_give_place(const Runnable& self) const noexcept {
  return from_ != nullptr && gives_place(*from_, self);
}

bool AcceptWait::start_alone(Runnable& self, std::uint8_t flags) noexcept {
  accept_.flags = flags;
  return wait_away(self, accept_);
}

bool AcceptWait::end_alone(int error) noexcept {
  away_ = &accept_;
  accept_.result = -error;
  return false;
}

Result<DescriptorRef> AcceptWait::take() noexcept {
  const std::int32_t accepted = away_ != nullptr ? accept_.result : came_.result;
  ShortRead short_read = ShortRead::unasked;
  if (state_ != nullptr) short_read = static_cast<const AcceptState&>(*state_).short_read;
  leave();
  if (accepted < 0) return failure(-accepted);
  auto connection = adopt_socket(accepted);
  if (connection) (**connection).short_read = short_read;
  return connection;
}

Result<DescriptorRef> AcceptWait::take_into(Descriptor& reserved) noexcept {
  if (accept_.result < 0) {
    release_closed(reserved);
    return failure(-accept_.result);
  }
  own_accepted(reserved, accept_);
  return DescriptorRef(reserved);
}

Result<DescriptorRef> SocketListener::open(int family, SocketType type) noexcept {
  auto opened = open_socket(family, type);
  if (!opened) return opened;
  auto* state = new (std::nothrow) AcceptState();
  if (state == nullptr) return failure(ENOMEM);
  Descriptor& listener = **opened;
  listener.ahead = state;
  ask_short_read(listener);
  state->short_read = listener.short_read;
  return opened;
}

Result<void> SocketListener::set_send_buffer_bytes(int bytes) noexcept {
  return set_option(fd(), SOL_SOCKET, SO_SNDBUF, bytes);
}

Result<void> SocketListener::set_receive_buffer_bytes(int bytes) noexcept {
  return set_option(fd(), SOL_SOCKET, SO_RCVBUF, bytes);
}

}  // namespace rota::inline v0
