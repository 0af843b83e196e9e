#include <rota/shared_mutex.hpp>

namespace rota::inline v0 {

std::optional<WriteGuard> SharedMutex::try_lock() noexcept {
  if (!permits_.try_take(kAll)) return std::nullopt;
  return WriteGuard(permits_, kAll);
}

std::optional<ReadGuard> SharedMutex::try_lock_shared() noexcept {
  if (!permits_.try_take(kOne)) return std::nullopt;
  return ReadGuard(permits_, kOne);
}

}  // namespace rota::inline v0
