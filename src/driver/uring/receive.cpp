#include "driver/uring/uring.hpp"

#include <rota/core/platform.hpp>

#include "driver/lending.hpp"
#include "driver/perform.hpp"
#include "driver/uring/bits.hpp"
#include "driver/uring/prepare.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rota::inline v0 {

/// The kernel takes one of the buffers when bytes come. Where it cannot, or all of them are lent,
/// readiness is waited for, and the call made with a buffer that nobody else has.
void UringDriver::launch_receive(Receive& receive) {
  if (buffers_ == nullptr && ring_.can(ring_lends) && receive.lender != nullptr) {
    buffers_ = ring_.make_buffers(*receive.lender);
  }
  const LentSize size = lent_size(*receive.descriptor);
  const bool offered = buffers_ != nullptr && buffers_->refill(size);
  receive.driver_bits &= ~(bit_all_lent | bit_readiness);
  if (!offered) {
    receive.driver_bits |= bit_all_lent;
    return launch_readiness(receive);
  }
  io_uring_sqe& entry = ring_.next_entry();
  prepare_receive(entry, receive, size);
  if (receive.descriptor->placed) [[unlikely]]
    use_place(entry, *receive.descriptor);
  release_by_kernel(&receive);
  io_uring_sqe_set_data64(&entry, user_data_of(receive, uring_attempt));
}

/// The kernel has taken this one for it.
void UringDriver::take_lent(Receive& receive, std::uint32_t flags) noexcept {
  const auto number = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
  receive.buffer = &buffers_->take(lent_size(*receive.descriptor), number);
  receive.data = receive.buffer->memory;
  receive.bytes = receive.buffer->bytes;
}

void UringDriver::on_receive(Receive& receive, std::int32_t result, std::uint32_t flags) {
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    take_lent(receive, flags);
    if (result > 0) {
      note_received(*receive.descriptor, static_cast<std::uint32_t>(result), receive.buffer->bytes);
    } else {
      return_unused(receive);
    }
  }
  if ((receive.driver_bits & bit_all_lent) != 0) return on_borrowed(receive, result);
  if (result != -ENOBUFS) return on_attempt(receive, result);
  wait_for_buffers(receive);
}

void UringDriver::relaunch(Operation& dry) {
  if ((dry.flags & op_stream) != 0) return rearm_or_settle(static_cast<Stream&>(dry));
  launch_receive(static_cast<Receive&>(dry));
}

void UringDriver::end_dry(Operation& dry) {
  if ((dry.flags & op_stream) != 0) return end_stream(static_cast<Stream&>(dry), -ECANCELED);
  conclude(dry, -ECANCELED);
  complete(dry);
}

/// Those that found no buffer, as many as may find one now. The rest wait for the next turn: what
/// was lent meanwhile has been used and come back by then.
void UringDriver::relaunch_dry() {
  std::size_t room = ring_.room();
  std::array<std::uint32_t, kLentSizes.size() + 1> found{};
  const auto relaunched = [&](Operation* dry) {
    if (room == 0) return false;
    if (dry->stopping) {
      room -= 1;  // For what waited behind it, or the close.
      end_dry(*dry);
      return true;
    }
    static_cast<void>(offers_to(*dry));
    std::uint32_t& tried = found[group_of(*dry)];
    if (tried != 0 && tried >= offered_to(*dry)) return false;
    tried += 1;
    room -= 1;
    relaunch(*dry);
    return true;
  };
  std::erase_if(dry_, relaunched);
}

}  // namespace rota::inline v0
