#include <rota/core/check_usage.hpp>
#include <rota/socket_listener.hpp>

#include <rota/core/atomic.hpp>

#include "core/descriptor.hpp"
#include "net/socket.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <new>

namespace rota::inline v0 {

/// The Stream of a listener with what it holds.
struct AcceptState : Stream {
  static constexpr std::size_t kRingResults = 128;

  AcceptState() noexcept : Stream(OpCode::accept, ring) {
    fd_closed = [](Stream& stream) noexcept { static_cast<AcceptState&>(stream).release(); };
  }

  void hold() noexcept { holders_.fetch_add(1, MemoryOrder::relaxed); }
  /// The last who leaves frees it, with the connections that nobody took.
  void release() noexcept {
    // Release: what this holder did with the ring comes before it is freed. Acquire: the last one
    // sees that of all others.
    if (holders_.fetch_sub(1, MemoryOrder::acq_rel) != 1) return;
    while (!empty()) {
      const StreamResult undelivered = pop();
      if (undelivered.result >= 0) ::close(undelivered.result);
    }
    delete this;
  }

  ShortRead short_read = ShortRead::unasked;  ///< of what is accepted, which is as the listener
  StreamResult ring[kRingResults];

 private:
  /// The listener, and the task that waits in `accept`: the close that ends its wait may be
  /// complete before it runs, and on another worker.
  Atomic<int> holders_{1};
};

bool AcceptWait::start(Runnable& self) noexcept {
  if (listener_ == nullptr) {
    is_away_ = true;
    away_.result = -EBADF;
    return false;
  }
  if (!settle_here(*listener_, self)) {
    is_away_ = true;
    away_.descriptor = listener_;
    away_.waiter = &self;
    away_.cancel = cancel_operation;
    return submit(away_, node_);
  }
  state_ = static_cast<AcceptState*>(listener_->accepted);
  state_->hold();
  Stream& stream = *state_;
  if (!stream.empty()) {
    accepted_ = stream.pop();
    return false;
  }
  check_usage(stream.waiter == nullptr, "one task accepts at a time");
  waiter = &self;
  cancel = [](Leaf& leaf) noexcept { static_cast<AcceptWait&>(leaf).stop(); };
  stream.descriptor = listener_;
  stream.waiter = &self;
  stream.wanted = &accepted_;
  park(*this);
  if (!stream.armed && stream.state == OpState::idle) submit_stream(self, stream);
  return true;
}

void AcceptWait::stop() noexcept {
  state_->waiter = nullptr;
  requeue(*waiter);
}

Result<DescriptorRef> AcceptWait::take() noexcept {
  const std::int32_t accepted = is_away_ ? away_.result : accepted_.result;
  ShortRead short_read = ShortRead::unasked;
  if (state_ != nullptr) {
    short_read = state_->short_read;
    state_->release();
  }
  if (accepted < 0) return failure(-accepted);
  auto connection = adopt_socket(accepted);
  if (connection) (**connection).short_read = short_read;
  return connection;
}

Result<DescriptorRef> SocketListener::open(int family, SocketType type) noexcept {
  auto opened = open_socket(family, type);
  if (!opened) return opened;
  auto* state = new (std::nothrow) AcceptState();
  if (state == nullptr) return failure(ENOMEM);
  Descriptor& listener = **opened;
  listener.accepted = state;
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
