#include "base/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace rota::inline v0 {

void futex_sleep(const void* word, std::uint32_t expected) noexcept {
  // Woken, interrupted, or another value is there: all the same to whoever looks again.
  static_cast<void>(syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, nullptr));
}

void futex_wake_one(const void* word) noexcept {
  // When nobody sleeps there, or the memory is gone, it wakes nobody.
  static_cast<void>(syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1));
}

}  // namespace rota::inline v0
