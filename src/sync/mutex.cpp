#include <rota/mutex.hpp>

namespace rota::inline v0 {

std::optional<MutexGuard> Mutex::try_lock() noexcept {
  if (!permits_.try_take(1)) return std::nullopt;
  return MutexGuard(permits_, 1);
}

}  // namespace rota::inline v0
