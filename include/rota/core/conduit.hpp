#pragma once

#include <rota/owned_fd.hpp>
#include <rota/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace rota::inline v0 {

/// The pipe through which the kernel moves the bytes of a copy, and how many are in it.
///
/// Nobody else has it, and it never waits: it is filled only when it is empty, and gives no more
/// than it holds. *One task*.
class Conduit {
 public:
  /// What a pipe has room for unless it is asked for more.
  static constexpr std::uint32_t kUsualBytes = 64 * 1024;

  Conduit() = default;

  /// Makes the pipe. Where the user may not have so large a one it is as large as usual. Fails with
  /// what pipe2(2) says.
  [[nodiscard]] Result<void> open(std::uint32_t bytes) noexcept;

  [[nodiscard]] int entrance() const noexcept { return entrance_.number(); }
  [[nodiscard]] int exit() const noexcept { return exit_.number(); }
  [[nodiscard]] std::uint32_t room() const noexcept { return room_; }
  [[nodiscard]] std::uint32_t held() const noexcept { return held_; }
  /// So many bytes were moved in, and out.
  void filled(std::size_t bytes) noexcept { held_ += static_cast<std::uint32_t>(bytes); }
  void drained(std::size_t bytes) noexcept { held_ -= static_cast<std::uint32_t>(bytes); }

  /// Takes bytes out into memory; 0 when it holds none.
  [[nodiscard]] Result<std::size_t> take_back(std::span<std::byte> into) noexcept;

 private:
  OwnedFd exit_;
  OwnedFd entrance_;
  std::uint32_t room_ = 0;
  std::uint32_t held_ = 0;
};

}  // namespace rota::inline v0
