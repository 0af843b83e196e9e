#pragma once

#include <liburing.h>

namespace rota::inline v0 {

/// A small ring that ends with its scope, for whoever asks the kernel something.
class ScopedRing {
 public:
  ScopedRing() : error_(-::io_uring_queue_init(entries, &ring_, 0)) {}
  ScopedRing(const ScopedRing&) = delete;
  ScopedRing& operator=(const ScopedRing&) = delete;
  ~ScopedRing() {
    if (error_ == 0) ::io_uring_queue_exit(&ring_);
  }
  [[nodiscard]] int error() const noexcept { return error_; }
  [[nodiscard]] io_uring& operator*() noexcept { return ring_; }

 private:
  static constexpr unsigned entries = 2;
  io_uring ring_{};
  int error_;
};

}  // namespace rota::inline v0
