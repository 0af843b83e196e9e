#include "driver/uring/uring.hpp"

#include <rota/core/platform.hpp>

#include "base/fatal.hpp"
#include "driver/perform.hpp"
#include "driver/shared_stream.hpp"
#include "driver/uring/prepare.hpp"
#include "driver/uring/straight.hpp"

#include <algorithm>
#include <cerrno>

namespace rota::inline v0 {

/// Takes completions while there is a free entry for what each of them may start.
std::size_t UringDriver::reap(std::size_t limit) {
  std::size_t taken = 0;
  for (;;) {
    std::size_t batch = std::min<std::size_t>(ring_.ready(), ring_.free_entries());
    batch = std::min(batch, limit - taken);
    if (batch == 0) return taken;
    taken += batch;
    for (; batch > 0; --batch) {
      const io_uring_cqe& completion = ring_.front();
      const std::uint64_t user_data = completion.user_data;
      const std::int32_t result = completion.res;
      const std::uint32_t flags = completion.flags;
      ring_.pop();
      dispatch(user_data, result, flags);
    }
  }
}

void UringDriver::reap_engine() {
  engine_->reap(engine_done_);
  while (!engine_done_.empty() && ring_.has_free_entry()) {
    Operation& operation = *engine_done_.pop_front();
    if (operation.code == OpCode::close) operation.descriptor->closing = nullptr;
    complete(operation);
  }
}

inline void UringDriver::dispatch(std::uint64_t user_data, std::int32_t result,
                                  std::uint32_t flags) {
  const auto tag = static_cast<UringTag>(user_data & uring_tag_mask);
  if (tag == uring_wake) return on_wake(result, flags);
  if (tag == uring_cancel) return;
  auto& operation = *reinterpret_cast<Operation*>(user_data & ~std::uint64_t{uring_tag_mask});
  acquire_by_kernel(&operation);
  if (tag == uring_attempt) {
    if (finish_message(operation, result) || finish_receive(operation, result, flags) ||
        finish_at(operation, result)) {
      return;
    }
  }
  if (tag == uring_readiness) return on_readiness(operation, result);
  if ((operation.flags & op_stream) != 0) {
    return on_stream(static_cast<Stream&>(operation), result, flags);
  }
  if ((operation.flags & op_lends) != 0) {
    return on_receive(static_cast<Receive&>(operation), result, flags);
  }
  if (operation.code == OpCode::write_in_place && (operation.driver_bits & bit_in_place) != 0) {
    return on_send_in_place(static_cast<Transfer&>(operation), result, flags);
  }
  if (operation.code == OpCode::write_durably_at) {
    return on_durable(static_cast<Transfer&>(operation), tag, result);
  }
  if (operation.code == OpCode::load) return on_load(static_cast<Load&>(operation), tag, result);
  on_attempt(operation, result);
}

void UringDriver::on_wake(std::int32_t result, std::uint32_t flags) {
  // The requests of a thread that ends are cancelled: the next carrier arms the poll anew.
  if (result < 0 && result != -ECANCELED) fatal("the ring cannot poll its eventfd", -result);
  if ((flags & IORING_CQE_F_MORE) == 0) wake_.disarmed();
  if (result < 0) return;
  wake_.acknowledge();
  woken_ = true;
}

void UringDriver::on_attempt(Operation& operation, std::int32_t result) {
  if (operation.code == OpCode::close) {
    // The thread that submitted it has ended, and no thread of the kernel had begun.
    if (result == -ECANCELED) return launch(operation);
    if (operation.descriptor->placed) leave_place(*operation.descriptor);
    operation.descriptor->closing = nullptr;
    // Linux has released the number whatever it answers.
    operation.result = result == -EINTR ? 0 : result;
    return finish(operation);
  }
  if (wants_place(operation)) result = settle_place(operation, result);
  if (operation.code == OpCode::install) return on_install(operation, result);
  // Nobody asked: another fd of the same open file was closed, and the cancel by fd hits all that
  // is on the file; or the thread that submitted it has ended.
  if (result == -ECANCELED && !operation.stopping) {
    return polls_first(operation) ? launch_readiness(operation) : launch(operation);
  }
  if (operation.code == OpCode::poll) return on_poll(static_cast<Poll&>(operation), result);
  // Of a word: it has another value.
  if (operation.code == OpCode::futex_wait && result == -EAGAIN) result = 0;
  if (operation.code == OpCode::connect && result == -EISCONN) {
    // The first attempt went on by itself while its readiness was waited for.
    if (static_cast<Connect&>(operation).started) result = 0;
  }
  switch (absorb(operation, plain_result(result))) {
    case Attempt::complete: return complete(operation);
    case Attempt::again: return launch(operation);
    case Attempt::would_block: break;
  }
  if (operation.code == OpCode::connect) static_cast<Connect&>(operation).started = true;
  if (!ends_by_itself(operation)) return launch_readiness(operation);
  // Readiness has no meaning for a file: it would be asked again and again.
  punt(operation);
  launch(operation);
}

/// From here on a thread of the kernel is asked.
void UringDriver::punt(Operation& operation) noexcept {
  if ((operation.driver_bits & bit_may_block) != 0) return;
  operation.driver_bits |= bit_may_block;
  counters().punted_files += 1;
  if (may_be_punted(operation.code) && operation.descriptor->unpunted.miss()) {
    counters().demoted_files += 1;
  }
}

void UringDriver::on_readiness(Operation& operation, std::int32_t result) {
  const bool is_stream = (operation.flags & op_stream) != 0;
  if (operation.stopping && is_stream) {
    return end_stream(static_cast<Stream&>(operation), -ECANCELED);
  }
  if (operation.stopping) {
    conclude(operation, -ECANCELED);
    return complete(operation);
  }
  // An error of the wait says nothing: the attempt tells what is wrong with the fd.
  if (result == -ECANCELED) return launch_readiness(operation);
  if (is_stream && (operation.driver_bits & bit_all_lent) != 0) {
    return receive_one(static_cast<Stream&>(operation));
  }
  const bool calls = is_performed_here(operation.code) || operation.code == OpCode::wait_child ||
                     ((operation.flags & op_lends) != 0 &&
                      (operation.driver_bits & bit_all_lent) != 0);
  if (!calls) return launch(operation);
  if (operation.descriptor->placed) return launch_borrowed(static_cast<Receive&>(operation));
  if (perform(operation)) return complete(operation);
  launch_readiness(operation);
}

/// The operation is complete, its result is set.
void UringDriver::complete(Operation& operation) {
  leave_kernel(operation);
  finish(operation);
}

/// Takes the operation from its Descriptor and starts what waited for that: the next of its lane,
/// or the close.
void UringDriver::leave_kernel(Operation& operation) {
  if ((operation.driver_bits & (bit_cancel_queued | bit_cancel_sent)) != 0) {
    forget_cancel(operation);
  }
  in_kernel_ -= 1;
  if (ends_by_itself(operation)) files_in_kernel_ -= 1;
  operation.state = OpState::idle;
  Descriptor* descriptor = operation.descriptor;
  if (descriptor == nullptr) return;
  const bool by_ring = (operation.driver_bits & (bit_may_block | bit_engine)) == 0;
  if (by_ring && operation.result >= 0 && may_be_punted(operation.code)) {
    descriptor->unpunted.hit();
  }
  descriptor->in_flight -= 1;
  OpList& lane = *lane_of(*descriptor, operation.code);
  if (descriptor->streaming == &operation) {
    descriptor->streaming = nullptr;
  } else if ((operation.driver_bits & bit_engine) == 0) {
    lane.remove(operation);
  }
  if (descriptor->closing == nullptr) {
    const bool ordered = &lane == &descriptor->reading || &lane == &descriptor->writing;
    if (ordered && !lane.empty()) {
      start_next(*descriptor, lane);
    }
  } else if (descriptor->in_flight == 0) {
    end_close(*descriptor);
  }
}

/// Starts the first operation of a lane, unless that was started before.
void UringDriver::start_next(Descriptor& descriptor, OpList& lane) {
  const bool armed = &lane == &descriptor.reading && descriptor.streaming != nullptr;
  while (Operation* first = lane.front()) {
    if (first->state != OpState::queued) return;
    if ((first->flags & op_stream) != 0) {
      if (armed) return;
      lane.remove(*first);
      if (start_stream(static_cast<Stream&>(*first))) return;
    } else if (!serve_from_stream(*first)) {
      // An armed Stream brings what it waits for.
      if (armed && shares_stream(*first)) return;
      return enter_kernel(*first);
    }
  }
}

}  // namespace rota::inline v0
