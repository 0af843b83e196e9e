#include <rota/core/wait_line.hpp>

namespace rota::inline v0 {

void LineWait::stop_in(WaitLine& line) noexcept {
  {
    SpinGuard guard(room().line_lock);
    if (!leave(line)) return;
  }
  requeue(*waiter);
}

void LineWait::wake_all(WaitLine&& taken) noexcept {
  WaitLine rest = std::move(taken);
  while (LineWait* wait = rest.pop_front()) wake(wait);
}

}  // namespace rota::inline v0
