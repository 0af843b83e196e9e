#include <rota/core/stream_wait.hpp>

#include <rota/core/check_usage.hpp>
#include <rota/core/worker_calls.hpp>

#include "core/descriptor.hpp"
#include "net/stream_state.hpp"

#include <cerrno>

namespace rota::inline v0 {

bool StreamWait::wait_here(Runnable& self) noexcept {
  state_ = static_cast<StreamState*>(from_->ahead);
  state_->hold();
  Stream& stream = *state_;
  stream.forget_cancel(-ECANCELED);  // By a move (sched/worker_move.cpp).
  if (!stream.empty()) {
    came_ = stream.pop();
    return false;
  }
  check_usage(stream.waiter == nullptr, stream.code == OpCode::accept
                                            ? "one task accepts at a time"
                                            : "one task receives ahead at a time");
  waiter = &self;
  cancel = [](Leaf& leaf) noexcept { static_cast<StreamWait&>(leaf).stop(); };
  stream.descriptor = from_;
  stream.waiter = &self;
  stream.wanted = &came_;
  park(*this);
  if (!stream.armed && stream.state == OpState::idle) submit_stream(self, stream);
  return true;
}

bool StreamWait::wait_away(Runnable& self, Operation& away) noexcept {
  away_ = &away;
  away.descriptor = from_;
  away.waiter = &self;
  away.cancel = cancel_operation;
  return submit(away, node_);
}

void StreamWait::leave() noexcept {
  if (state_ != nullptr) state_->release();
  state_ = nullptr;
}

void StreamWait::stop() noexcept {
  state_->waiter = nullptr;
  requeue(*waiter);
}

}  // namespace rota::inline v0
