#include <rota/notify.hpp>

namespace rota::inline v0 {

void Notify::notify_one() noexcept {
  LineWait* first = nullptr;
  {
    SpinGuard guard(line_lock);
    first = LineWait::take_first(waiters_);
    if (first == nullptr) permit_ = true;
  }
  LineWait::wake(first);
}

void Notify::notify_all() noexcept {
  WaitLine woken;
  {
    SpinGuard guard(line_lock);
    woken = LineWait::take_all(waiters_);
  }
  LineWait::wake_all(std::move(woken));
}

}  // namespace rota::inline v0
