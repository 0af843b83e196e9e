#pragma once

#include <unistd.h>

#include <utility>

namespace rota::inline v0 {

/// Owns a descriptor number of the runtime's own (an epoll, an eventfd) and closes it.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int number) noexcept : number_(number) {}
  UniqueFd(UniqueFd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~UniqueFd() {
    // Nothing to report to, and Linux has released the number whatever it answers.
    if (number_ >= 0) ::close(number_);
  }

  [[nodiscard]] int number() const noexcept { return number_; }
  /// Gives the number up, to whoever closes it from now on.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  [[nodiscard]] bool valid() const noexcept { return number_ >= 0; }

 private:
  int number_ = -1;
};

}  // namespace rota::inline v0
