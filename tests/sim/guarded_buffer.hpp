#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rota::simulation {

/// Memory for one operation at a time, which tells when it is touched by somebody who may not:
/// before its begin and behind its end at any time, and all of it between two operations.
class GuardedBuffer {
 public:
  explicit GuardedBuffer(std::size_t bytes);

  /// The bytes to lend to an operation. They hold a fill that shows what was written.
  std::span<std::byte> lend(std::size_t bytes);
  /// The operation is over and wrote at most `written` bytes.
  /// False: it wrote behind them, or outside of the buffer.
  [[nodiscard]] bool take_back(std::size_t written);
  /// False: somebody wrote although nothing was lent.
  [[nodiscard]] bool untouched() const;

  [[nodiscard]] std::size_t size() const noexcept;
  /// What the last operation left, until the next is lent.
  [[nodiscard]] std::span<const std::byte> content() const noexcept { return content_; }

 private:
  [[nodiscard]] std::span<std::byte> body() noexcept;

  std::vector<std::byte> memory_;  ///< guard, body, guard
  std::vector<std::byte> content_;
  std::size_t lent_ = 0;
};

}  // namespace rota::simulation
