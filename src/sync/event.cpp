#include <rota/event.hpp>

namespace rota::inline v0 {

void Event::set() noexcept {
  WaitLine woken;
  {
    SpinGuard guard(line_lock);
    set_.store(true, MemoryOrder::release);
    woken = LineWait::take_all(waiters_);
  }
  LineWait::wake_all(std::move(woken));
}

void Event::reset() noexcept {
  SpinGuard guard(line_lock);
  set_.store(false, MemoryOrder::relaxed);
}

}  // namespace rota::inline v0
