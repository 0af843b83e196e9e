#include <rota/broadcast.hpp>

namespace rota::inline v0 {

WaitLine BroadcastCore::close() noexcept {
  SpinGuard guard(line_lock);
  closed = true;
  return LineWait::take_all(waiters);
}

}  // namespace rota::inline v0
