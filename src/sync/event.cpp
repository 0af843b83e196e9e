#include <rota/event.hpp>

namespace rota::inline v0 {

bool EventWait::start(Runnable& self) noexcept {
  Event& on = event();
  SpinGuard guard(on.line_lock);
  if (on.set_.load(MemoryOrder::relaxed)) return false;
  park_in(on.waiters_, self, [](Leaf& leaf) noexcept {
    auto& wait = static_cast<EventWait&>(leaf);
    wait.stop_in(wait.event().waiters_);
  });
  return true;
}

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
