#include <rota/futex.hpp>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace rota::inline v0 {

std::size_t futex_wake_at(const void* word, std::size_t most) noexcept {
  if (most == 0) return 0;  // The kernel would wake one.
  constexpr std::size_t limit = std::numeric_limits<int>::max();
  const long woken = ::syscall(SYS_futex, word, FUTEX_WAKE, std::min(most, limit));
  return woken < 0 ? 0 : static_cast<std::size_t>(woken);
}

}  // namespace rota::inline v0
