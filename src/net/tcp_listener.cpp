#include <rota/core/check_usage.hpp>
#include <rota/tcp.hpp>

#include <rota/core/atomic.hpp>

#include "core/descriptor.hpp"
#include "net/socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <new>

namespace rota::inline v0 {

struct AcceptState {
  static constexpr std::size_t kRingResults = 128;

  AcceptState() noexcept : stream(OpCode::accept, ring) {}

  void hold() noexcept { holders_.fetch_add(1, MemoryOrder::relaxed); }
  /// The last who leaves frees it, with the connections that nobody took.
  void release() noexcept {
    // Release: what this holder did with the ring comes before it is freed. Acquire: the last one
    // sees that of all others.
    if (holders_.fetch_sub(1, MemoryOrder::acq_rel) != 1) return;
    while (!stream.empty()) {
      const StreamResult undelivered = stream.pop();
      if (undelivered.result >= 0) ::close(undelivered.result);
    }
    delete this;
  }

  StreamResult ring[kRingResults];
  Stream stream;

 private:
  /// The listener, and the task that waits in `accept`: the close that ends its wait may be
  /// complete before it runs, and on another worker.
  Atomic<int> holders_{1};
};

namespace {

AcceptState& accept_state(Descriptor& listener) noexcept {
  return *static_cast<AcceptState*>(listener.attachment);
}

/// The listener's fd is closed.
void leave_accept_state(Descriptor& listener) noexcept { accept_state(listener).release(); }

}  // namespace

bool AcceptLeaf::start(Runnable& self) noexcept {
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
  state_ = &accept_state(*listener_);
  state_->hold();
  Stream& stream = state_->stream;
  if (!stream.empty()) {
    accepted_ = stream.pop();
    return false;
  }
  check_usage(stream.waiter == nullptr, "one task accepts at a time");
  waiter = &self;
  cancel = [](Leaf& leaf) noexcept { static_cast<AcceptLeaf&>(leaf).stop(); };
  stream.descriptor = listener_;
  stream.waiter = &self;
  stream.wanted = &accepted_;
  park(*this);
  if (!stream.armed && stream.state == OpState::idle) submit_stream(self, stream);
  return true;
}

void AcceptLeaf::stop() noexcept {
  state_->stream.waiter = nullptr;
  requeue(*waiter);
}

Result<TcpStream> AcceptLeaf::finish() noexcept {
  const std::int32_t accepted = is_away_ ? away_.result : accepted_.result;
  if (state_ != nullptr) state_->release();
  if (accepted < 0) return failure(-accepted);
  auto descriptor = adopt_socket(accepted);
  if (!descriptor) return std::unexpected(descriptor.error());
  return TcpStream(std::move(*descriptor));
}

Result<TcpListener> TcpListener::bind(const Address& at, const ListenOptions& options) {
  auto opened = open_socket(at.family());
  if (!opened) return std::unexpected(opened.error());
  Descriptor& descriptor = **opened;
  auto state = std::make_unique<AcceptState>();
  descriptor.accepted = &state->stream;
  descriptor.attachment = state.release();
  descriptor.detach = leave_accept_state;

  const int fd = descriptor.fd;
  if (options.reuse_address) {
    if (auto set = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1); !set) {
      return std::unexpected(set.error());
    }
  }
  if (options.reuse_port) {
    if (auto set = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1); !set) {
      return std::unexpected(set.error());
    }
  }
  if (at.is_ipv6()) {
    const int only = options.ipv6_only ? 1 : 0;
    if (auto set = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, only); !set) {
      return std::unexpected(set.error());
    }
  }
  if (::bind(fd, at.native(), at.native_bytes()) < 0) return failure(errno);
  if (::listen(fd, options.backlog) < 0) return failure(errno);
  return TcpListener(std::move(*opened));
}

Await<CloseLeaf> TcpListener::close() noexcept {
  return Await<CloseLeaf>(std::in_place, std::move(descriptor_));
}

Await<MoveLeaf> TcpListener::move_to(WorkerIndex worker) noexcept {
  return Await<MoveLeaf>(std::in_place, descriptor_.get(), worker);
}

Result<Address> TcpListener::local_address() const noexcept { return local_address_of(fd()); }

}  // namespace rota::inline v0
