#include <rota/core/permits.hpp>

namespace rota::inline v0 {

bool Permits::take_slowly(PermitWait& wait, Runnable& self) noexcept {
  SpinGuard guard(line_lock);
  if (word_.take_or_wait(wait.wanted) == PermitWord::Taken::yes) return false;
  wait.park_in(line_, self, stop);
  return true;
}

bool Permits::take_parked(PermitWait& wait) noexcept {
  if (word_.try_take(wait.wanted)) return true;
  SpinGuard guard(line_lock);
  if (word_.take_or_wait(wait.wanted) == PermitWord::Taken::yes) return true;
  wait.stand_in(line_);
  return false;
}

void Permits::give_slowly(std::uint32_t given) noexcept {
  do {
    WaitLine served;
    {
      SpinGuard guard(line_lock);
      if (!word_.anybody_waits()) continue;  // Rule 4.
      word_.give_locked(given);
      served = hand_out();
    }
    LineWait::wake_all(std::move(served));
    return;
  } while (!word_.try_give(given));
}

/// Under the lock, while somebody waits or did so until now: those who have theirs.
WaitLine Permits::hand_out() noexcept {
  WaitLine served;
  while (LineWait* first = line_.front()) {
    if (!word_.take_locked(static_cast<PermitWait*>(first)->wanted)) return served;
    served.push_back(*LineWait::take_first(line_));
  }
  word_.end_waiting();
  return served;
}

void Permits::stop(Leaf& leaf) noexcept {
  auto& wait = static_cast<PermitWait&>(leaf);
  auto& permits = static_cast<Permits&>(wait.room());
  WaitLine served;
  {
    SpinGuard guard(permits.line_lock);
    if (!wait.leave(permits.line_)) return;
    served = permits.hand_out();
  }
  // Those first: once this one goes on, nobody may be left who keeps the permits alive.
  LineWait::wake_all(std::move(served));
  requeue(*wait.waiter);
}

}  // namespace rota::inline v0
