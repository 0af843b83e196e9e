#include <rota/watch.hpp>

namespace rota::inline v0 {

WaitLine WatchCore::close() noexcept {
  SpinGuard guard(line_lock);
  closed = true;
  return LineWait::take_all(waiters);
}

}  // namespace rota::inline v0
