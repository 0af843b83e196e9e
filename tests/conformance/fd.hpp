#pragma once

#include <unistd.h>

#include <cstddef>
#include <utility>

namespace rota::conformance {

/// An fd that a case holds itself, outside of any driver.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    reset();
    number_ = std::exchange(other.number_, -1);
    return *this;
  }
  ~Fd() { reset(); }

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  void reset() noexcept {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
};

struct FdPair {
  Fd near;
  Fd far;
};

/// The limit of this process on fd numbers.
int highest_fd();

/// The fd number that the next call which makes one will get.
int lowest_free_fd();

}  // namespace rota::conformance
