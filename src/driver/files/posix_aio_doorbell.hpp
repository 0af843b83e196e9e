#pragma once

#include <aio.h>

#include <cstdint>

namespace rota::inline v0 {

/// What ends a wait in aio_suspend(3) from another thread: a request that never ends by itself.
///
/// 1. All doorbells of a process read one eventfd that nobody writes to. The C library runs one
///    request of an fd at a time, so only the first one there, which is nobody's, takes one of its
///    threads (20 for the whole process); the doorbells stand behind it and cost none.
/// 2. To ring is to cancel: what has not begun ends at once. It stays so until it is armed anew.
/// 3. `arm` and `ring` exclude each other: their caller has a lock.
///
/// Rejected: an eventfd of its own for each, read by a request. It is simpler, and twenty engines
/// would leave the library no thread for a file.
class PosixAioDoorbell {
 public:
  PosixAioDoorbell() = default;
  PosixAioDoorbell(const PosixAioDoorbell&) = delete;
  PosixAioDoorbell& operator=(const PosixAioDoorbell&) = delete;
  ~PosixAioDoorbell();

  /// 0, or the errno that left none. One that hangs stays as it is: whoever waits by it may have
  /// found no thread the first time.
  [[nodiscard]] int hang() noexcept;
  /// False: the library has no room for it now.
  [[nodiscard]] bool arm() noexcept;
  void ring() noexcept;
  /// For the list of aio_suspend.
  [[nodiscard]] const aiocb& request() const noexcept { return control_; }

 private:
  int fd_ = -1;
  std::uint64_t never_read_ = 0;
  aiocb control_{};
};

}  // namespace rota::inline v0
