#include <rota/semaphore.hpp>

namespace rota::inline v0 {

std::optional<SemaphorePermits> Semaphore::try_acquire(std::uint32_t count) noexcept {
  if (!permits_.try_take(checked(count))) return std::nullopt;
  return SemaphorePermits(permits_, count);
}

}  // namespace rota::inline v0
