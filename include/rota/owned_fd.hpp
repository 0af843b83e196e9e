#pragma once

#include <unistd.h>

#include <utility>

namespace rota::inline v0 {

/// The only owner of a file descriptor's number, or of none; the destructor closes it, which may
/// block for a file. A value; any thread.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int number) noexcept : number_(number) {}
  OwnedFd(OwnedFd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~OwnedFd() {
    // Nothing to report to, and Linux has released the number whatever it answers.
    if (number_ >= 0) ::close(number_);
  }

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool valid() const noexcept { return number_ >= 0; }
  /// Leaves the number to the caller.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

}  // namespace rota::inline v0
