#include "driver/files/posix_aio_doorbell.hpp"

#include "driver/files/posix_aio_request.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>

namespace rota::inline v0 {
namespace {

aiocb read_of(int fd, std::uint64_t& into) noexcept {
  aiocb control{};
  control.aio_fildes = fd;
  control.aio_buf = &into;
  control.aio_nbytes = sizeof into;
  control.aio_sigevent.sigev_notify = SIGEV_NONE;
  return control;
}

/// The eventfd of the process and the request that is first there, while there are doorbells.
class Porch {
 public:
  /// The number of the eventfd, or a negative errno.
  int enter() noexcept {
    const std::lock_guard lock(mutex_);
    if (doorbells_ == 0) {
      fd_ = ::eventfd(0, EFD_CLOEXEC);
      if (fd_ < 0) return -errno;
      first_ = read_of(fd_, never_read_);
      if (::aio_read(&first_) < 0) {
        const int error = errno;
        ::close(fd_);
        return -error;
      }
    }
    doorbells_ += 1;
    return fd_;
  }

  void leave() noexcept {
    const std::lock_guard lock(mutex_);
    if (--doorbells_ > 0) return;
    if (::aio_cancel(fd_, &first_) != AIO_CANCELED) ::eventfd_write(fd_, 1);
    const aiocb* const list[] = {&first_};
    while (!has_ended(first_)) ::aio_suspend(list, 1, nullptr);
    ::close(fd_);
  }

 private:
  std::mutex mutex_;
  unsigned doorbells_ = 0;
  int fd_ = -1;
  std::uint64_t never_read_ = 0;
  aiocb first_{};
};

constinit Porch porch;

}  // namespace

PosixAioDoorbell::~PosixAioDoorbell() {
  if (fd_ < 0) return;
  ring();
  porch.leave();
}

int PosixAioDoorbell::hang() noexcept {
  if (fd_ >= 0) return 0;
  const int entered = porch.enter();
  if (entered < 0) return -entered;
  fd_ = entered;
  return 0;
}

bool PosixAioDoorbell::arm() noexcept {
  if (!has_ended(control_)) return true;
  control_ = read_of(fd_, never_read_);
  return ::aio_read(&control_) == 0;
}

void PosixAioDoorbell::ring() noexcept { static_cast<void>(::aio_cancel(fd_, &control_)); }

}  // namespace rota::inline v0
