#include <rota/barrier.hpp>

namespace rota::inline v0 {

bool BarrierWait::start(Runnable& self) noexcept {
  auto& barrier = static_cast<Barrier&>(room());
  WaitLine woken;
  {
    SpinGuard guard(barrier.line_lock);
    check_usage(barrier.expected_ > 0, "a task arrived at a Barrier that all have dropped out of");
    barrier.arrived_ += 1;
    if (barrier.arrived_ < barrier.expected_) {
      park_in(barrier.waiters_, self, Barrier::stop);
      return true;
    }
    arrival_ = Arrival::last;
    woken = barrier.end_phase();
  }
  wake_all(std::move(woken));
  return false;
}

Arrival Barrier::arrive_and_drop() noexcept {
  WaitLine woken;
  {
    SpinGuard guard(line_lock);
    check_usage(expected_ > 0, "more tasks dropped out of a Barrier than it has");
    expected_ -= 1;
    if (arrived_ < expected_) return Arrival::waited;
    woken = end_phase();
  }
  LineWait::wake_all(std::move(woken));
  return Arrival::last;
}

WaitLine Barrier::end_phase() noexcept {
  arrived_ = 0;
  phase_.store(phase_.load(MemoryOrder::relaxed) + 1, MemoryOrder::release);
  return LineWait::take_all(waiters_);
}

void Barrier::stop(Leaf& leaf) noexcept {
  auto& wait = static_cast<BarrierWait&>(leaf);
  auto& barrier = static_cast<Barrier&>(wait.room());
  {
    SpinGuard guard(barrier.line_lock);
    if (!wait.leave(barrier.waiters_)) return;
    barrier.arrived_ -= 1;
  }
  requeue(*wait.waiter);
}

}  // namespace rota::inline v0
