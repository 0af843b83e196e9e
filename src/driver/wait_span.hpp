#pragma once

#include <rota/core/instant.hpp>

#include <ctime>

namespace rota::inline v0 {

[[nodiscard]] Instant monotonic_now() noexcept;

/// How long a wait that begins now may last, in the kernel's terms. Never shortened.
class WaitSpan {
 public:
  explicit WaitSpan(Deadline until) noexcept;

  /// Null: without limit.
  [[nodiscard]] const timespec* timeout() const noexcept { return endless_ ? nullptr : &left_; }
  /// Rounded up; -1: without limit.
  [[nodiscard]] int milliseconds() const noexcept;

 private:
  bool endless_ = false;
  timespec left_{};
};

}  // namespace rota::inline v0
