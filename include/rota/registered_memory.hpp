#pragma once

#include <rota/core/build_mark.hpp>

#include <cstddef>
#include <span>
#include <utility>

namespace rota::inline v0 {

/// Memory for files that rings know: they pin its pages once instead of with each transfer, which
/// direct I/O pays for, and anything that is read or written often through a ring. For everything
/// else, and on every other driver, it is memory like any other.
///
/// Nothing else changes: `File` and `DirectFile` are given spans of it. A ring takes it when it
/// meets the first transfer that lies inside, which takes as long as to touch every page. What a
/// kernel refuses is transferred as before: it counts as locked memory (`ulimit -l`), and a ring
/// has 64 of them, of 1 GiB at most.
///
/// Transfers in it have ended before it does, as with any memory; any thread may end it. Its
/// addresses are free at once, its pages once each ring that knew it has turned again.
class RegisteredMemory {
 public:
  RegisteredMemory() = default;
  /// Zeros, from the beginning of a page on. Throws std::bad_alloc.
  explicit RegisteredMemory(std::size_t bytes);
  RegisteredMemory(RegisteredMemory&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  RegisteredMemory& operator=(RegisteredMemory&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~RegisteredMemory();

  [[nodiscard]] std::byte* data() const noexcept { return memory_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_; }
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {memory_, bytes_}; }

 private:
  std::byte* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace rota::inline v0
