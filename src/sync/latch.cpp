#include <rota/latch.hpp>

namespace rota::inline v0 {

void Latch::count_down(std::size_t by) noexcept {
  WaitLine woken;
  {
    SpinGuard guard(line_lock);
    check_usage(by <= count_, "a Latch was counted down by more than was left");
    count_ -= by;
    if (count_ == 0) woken = LineWait::take_all(waiters_);
  }
  LineWait::wake_all(std::move(woken));
}

bool Latch::try_wait() noexcept {
  SpinGuard guard(line_lock);  // Whoever counted it down is out of it.
  return count_ == 0;
}

}  // namespace rota::inline v0
