#include <rota/core/ahead_leaf.hpp>

#include <rota/core/lent_buffer.hpp>
#include <rota/core/worker_calls.hpp>

#include "core/descriptor.hpp"
#include "net/stream_state.hpp"

#include <cstdint>
#include <new>
#include <utility>

namespace rota::inline v0 {
namespace {

struct AheadState : StreamState {
  /// Its entry in the kernel ends when half of them wait: so many messages, of 64 KiB at most, may
  /// be here before they are asked for, and some that were on the way.
  static constexpr std::size_t kRingResults = 16;

  AheadState() noexcept : StreamState(OpCode::read, ring) {}

  StreamResult ring[kRingResults];
};

/// On the worker of the Descriptor. False: there is no memory for it.
bool has_stream(Descriptor& connection) noexcept {
  if (connection.ahead == nullptr) connection.ahead = new (std::nothrow) AheadState;
  return connection.ahead != nullptr;
}

}  // namespace

AheadLeaf::~AheadLeaf() {
  leave();
  if (came_.lease != nullptr) give_back(*came_.lease);
  if (receive_.buffer != nullptr) give_back(*receive_.buffer);
}

bool AheadLeaf::start(Runnable& self) noexcept {
  const bool here =
      from_ != nullptr && receives_ahead(self) && settle_here(*from_, self) && has_stream(*from_);
  return here ? wait_here(self) : wait_away(self, receive_);
}

Result<Lease> AheadLeaf::finish() noexcept {
  if (away_ != nullptr) {
    came_.result = receive_.result;
    came_.lease = std::exchange(receive_.buffer, nullptr);
    if (came_.lease != nullptr) {
      came_.offset = static_cast<std::uint32_t>(receive_.data - came_.lease->memory);
    }
  }
  leave();
  if (came_.result < 0) return failure(-came_.result);
  LentBuffer* const lent = std::exchange(came_.lease, nullptr);
  if (lent == nullptr) return Lease();
  return Lease(*lent, static_cast<std::uint32_t>(came_.result), came_.offset);
}

}  // namespace rota::inline v0
